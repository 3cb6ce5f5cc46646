/**
 * The sentences of suspending and of snapshots, in Simplified Chinese; `zh-cn.ts` hands them on.
 *
 * Invariant: as there: one thing has one word everywhere.
 */
import type { Text } from './text.ts';

export const snapshots: Text['snapshots'] = {
  tab: '快照',
  title: '快照',
  suspend: '挂起',
  suspendHint: '将状态保存到磁盘并关闭电源；下次打开电源时从该处继续',
  suspended: '已挂起',
  take: '拍摄快照…',
  takeNow: '拍摄快照',
  takeHint: '某一时刻的内存、设备和磁盘，受容错保护时也可以拍摄',
  takeTitle: (name) => `拍摄“${name}”的快照`,
  takeRunning: '同一时刻的内存、设备和磁盘。客户机只会停顿片刻。',
  takeOff: '磁盘当前的内容；虚拟机的电源已关闭，因此没有要保存的内存。',
  name: '名称',
  note: '备注',
  noteHint: '供您自己参考，可以不填',
  nameMissing: '快照需要一个名称。',
  none: '尚无快照。快照保留虚拟机某一时刻的样子，您可以随时恢复到该时刻。',
  loading: '正在查询快照…',
  when: '拍摄时间',
  size: '大小',
  state: '状态',
  running: (epoch) => `正在运行，epoch ${epoch}`,
  off: '电源已关闭',
  here: '当前位置',
  screen: (name) => `拍摄“${name}”时的屏幕`,
  revert: '恢复到快照',
  revertTo: (name) => `恢复到 ${name}`,
  revertTitle: (name, vm) => `将“${vm}”恢复到“${name}”？`,
  revertBody: '虚拟机将与当时完全相同。此后内存和磁盘中的变化将会丢失，除非另一个快照中保存了它们。',
  remove: '删除',
  removeNamed: (name) => `删除 ${name}`,
  removeTitle: (name) => `删除快照“${name}”？`,
  removeBody: '删除后将无法再恢复到该快照。虚拟机和其他快照保持不变；其磁盘层将在后台合并。',
};
