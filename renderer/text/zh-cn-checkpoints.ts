/**
 * The sentences of automatic checkpoints, in Simplified Chinese; `zh-cn.ts` hands them on.
 *
 * Invariant: as there: one thing has one word everywhere.
 */
import type { Text } from './text.ts';

export const checkpoints: Text['checkpoints'] = {
  title: '自动检查点',
  setting: '自动检查点间隔',
  unit: '分钟',
  settingHint: '在虚拟机运行时创建；主机崩溃后可从最近的检查点恢复。0：不创建。最多 1440。',
  off: '自动检查点已关闭。',
  every: (minutes) => `虚拟机运行时每 ${minutes} 分钟一次。`,
  none: '尚无检查点。',
  last: (time, ago) => `最近的自动检查点：${time}，${ago}前。`,
  facts: (size, stun) => `占用 ${size}；客户机停顿了 ${stun}。`,
  take: '创建检查点',
  takeHint: '此刻的内存、设备和磁盘，取代最近的自动检查点',
  resume: '从检查点恢复…',
  resumeNow: '从检查点恢复',
  resumeHint: '虚拟机意外关闭了电源：从最近的自动检查点继续',
  resumeTitle: (vm) => `从检查点恢复“${vm}”？`,
  at: '检查点创建于',
  ranUntil: '已知运行到',
  lost: '返回后丢失',
  resumeBody: '内存和磁盘将与检查点时完全相同。客户机此后所做的一切，包括写入磁盘的内容，都将丢失。',
  instead: '打开电源则会重新启动客户机并保留磁盘现状；该检查点保留到下一个检查点为止。',
};
