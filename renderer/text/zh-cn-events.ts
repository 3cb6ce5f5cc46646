/**
 * Every kind of event in Simplified Chinese, told from its data.
 *
 * Invariant: every kind of the contract has its sentence. One whose data lack something gives null: then the host's own
 * sentence is shown.
 */
import type { EventKind } from '../../preload/contract/event-kinds.ts';
import { views } from './zh-cn-views.ts';

export type EventData = { readonly [name: string]: unknown };
export type EventWords = (data: EventData, reason: (english: string) => string) => string | null;
type Value = (data: EventData) => string | null;

/** A value of the data as text; null where there is none that can be shown. */
function valueOf(data: EventData, name: string): string | null {
  const value = data[name];
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return typeof value === 'string' ? value : null;
}

/** A sentence with values of the data in it, by their names; `why` is a reason in the host's words. */
function say(texts: TemplateStringsArray, ...values: readonly (string | Value)[]): EventWords {
  return (data, reason) => {
    let sentence = texts[0] ?? '';
    for (const [index, value] of values.entries()) {
      const found = typeof value === 'string' ? valueOf(data, value) : value(data);
      if (found === null) return null;
      sentence += (value === 'why' ? reason(found) : found) + (texts[index + 1] ?? '');
    }
    return sentence;
  };
}

/** What one value of the data chooses. */
const by =
  (name: string, words: { readonly [value: string]: EventWords }): EventWords =>
  (data, reason) =>
    words[valueOf(data, name) ?? '']?.(data, reason) ?? null;

const oneOf =
  (name: string, words: { readonly [value: string]: string }): Value =>
  (data) =>
    words[valueOf(data, name) ?? ''] ?? null;

const WHO = oneOf('who', { primary: '主虚拟机', secondary: '辅助虚拟机' });
const ALARM = oneOf('definition', views.alarmNames);
const DRIVE = oneOf('drive', { cdrom: 'CD-ROM 驱动器', fda: '软盘驱动器' });
const DOOR = oneOf('door', { window: '窗口', browser: '浏览器', 'command line': '命令行' });
const FAULT = oneOf('kind', {
  'crash-primary': '使主虚拟机崩溃',
  'crash-secondary': '使辅助虚拟机崩溃',
  'hang-primary': '使主虚拟机挂死',
  'hang-secondary': '使辅助虚拟机挂死',
  'corrupt-secondary': '损坏辅助虚拟机的内存',
  'cut-channel': '切断日志通道',
  'delay-channel': '延迟日志通道',
  heal: '修复',
});
const KEYS = { memoryMB: '内存', cmdline: '命令行', hda: '硬盘', cdrom: 'CD-ROM 光盘', fda: '软盘', bzimage: '内核' };

const forward: Value = (data) => {
  const parts = ['protocol', 'hostAddress', 'hostPort', 'guestPort'].map((name) => valueOf(data, name));
  return parts.includes(null) ? null : parts.join(':');
};
const total: Value = ({ detectMs, drainMs, arbitrateMs, liveMs }) => {
  const sum = [detectMs, drainMs, arbitrateMs, liveMs].reduce<number>((all, one) => all + Number(one), 0);
  return Number.isFinite(sum) ? sum.toFixed(1) : null;
};
const changes: Value = (data) =>
  Object.keys(data)
    .map((key) => `${key} = ${valueOf(data, key) ?? '–'}`)
    .join('，');
const edits: Value = ({ what }) =>
  typeof what === 'string'
    ? what.replace(/(\w+) = /g, (_, key: string) => `${(KEYS as { readonly [key: string]: string })[key] ?? key} = `)
    : null;
const TAKEN_AT: Value = ({ takenAt }) =>
  typeof takenAt === 'number' ? new Date(takenAt).toLocaleString('zh-CN') : null;
const MiB: Value = ({ bytes }) => (typeof bytes === 'number' ? (bytes / 2 ** 20).toFixed(1) : null);
const ms: Value = (data) => {
  const value = valueOf(data, 'ms');
  return value === null ? '' : `（${value} 毫秒）`;
};

const lifecycle = {
  'host.started': say`Lockstep 已启动。`,
  'host.stopped': say`Lockstep 已关闭。`,
  'host.permissions': say`数据文件夹的权限：${'why'}`,
  'vm.created': say`已创建虚拟机。`,
  'vm.cloned': say`从“${'from'}”克隆。它有自己的 MAC 地址，没有端口转发。`,
  'vm.imported': say`从“${'from'}”导入（由 Lockstep ${'version'} 写出）。`,
  'vm.deleted': ({ kept }) => (typeof kept === 'string' ? `已删除虚拟机。它的磁盘保留在“${kept}”。` : '已删除虚拟机。'),
  'vm.edited': say`已更改：${edits}。`,
  'vm.renamed': say`已从“${'from'}”重命名为“${'to'}”。`,
  'vm.moved': (data, reason) =>
    data['folder'] === '' ? '已移出文件夹。' : say`已移到文件夹“${'folder'}”。`(data, reason),
  'vm.set': say`已设置：${changes}。`,
  'power.on': say`已打开电源。`,
  'power.off': ({ suspended }) => (suspended === true ? '已关闭电源，状态已挂起。' : '已关闭电源。'),
  'power.lost': say`意外关闭电源：${'why'}。`,
  'power.reset': say`已重置：关闭并重新打开电源。`,
  'power.paused': say`已在epoch ${'epoch'} 暂停。`,
  'power.unpaused': say`已在epoch ${'epoch'} 恢复。`,
  'power.suspended': say`已在epoch ${'epoch'} 挂起（${MiB} MiB）。`,
  'power.suspendFailed': say`无法挂起，将关闭电源：${'why'}`,
  'power.resumed': say`从保存的状态继续，epoch ${'epoch'}。`,
  'power.discarded': say`已关闭电源：挂起时保存的状态已丢弃。`,
  'snapshot.taken': say`已生成快照“${'name'}”。`,
  'snapshot.reverted': say`已恢复到快照“${'name'}”。`,
  'snapshot.deleted': say`已删除快照“${'name'}”。`,
  'checkpoint.taken': say`已生成自动检查点（${MiB} MiB）。`,
  'checkpoint.failed': say`无法生成自动检查点：${'why'}`,
  'checkpoint.resumed': say`已从 ${TAKEN_AT} 的自动检查点恢复。`,
  'checkpoint.set': say`自动检查点：从现在起每 ${'minutes'} 分钟一次。`,
  'checkpoint.off': () => '已关闭自动检查点。',
  'snapshot.failed': by('what', {
    finish: say`无法完成上一个 Lockstep 遗留的快照操作：${'why'}`,
    merge: say`无法合并已删除快照的磁盘层：${'why'}`,
  }),
  'media.inserted': say`已放入${DRIVE}：“${'file'}”。`,
  'media.ejected': say`已从${DRIVE}弹出：“${'file'}”。`,
  'disk.moved': (data, reason) =>
    data['where'] === 'again'
      ? say`两个磁盘相同：虚拟机的磁盘重新为“${'file'}”。`(data, reason)
      : say`虚拟机的磁盘现为“${'file'}”。`(data, reason),
  'disk.error': say`磁盘错误：${'why'}`,
  'disk.full': say`“${'folder'}”空间不足：虚拟机已暂停，有空间后会自动继续。`,
  'disk.room': say`“${'folder'}”又有空间了：虚拟机继续运行，没有丢失任何数据。`,
  'disk.merged': say`虚拟机的磁盘已重新合并为“${'file'}”。`,
  'guest.stopped': say`客户机已停用其 CPU。请关闭虚拟机电源。`,
} as const satisfies { readonly [kind in EventKind]?: EventWords };

const faultTolerance = {
  'ft.turnedOn': say`容错已打开。`,
  'ft.turnedOff': say`容错已关闭。`,
  'ft.suspended': say`容错已挂起。`,
  'ft.resumed': say`容错已恢复。`,
  'ft.testFailover': say`测试故障切换：有意结束主虚拟机。`,
  'ft.testRestartSecondary': say`测试重新启动辅助虚拟机：有意结束辅助虚拟机。`,
  'ft.migrate': say`迁移辅助虚拟机：由新进程取代现有的辅助虚拟机。`,
  'ft.starting': say`正在启动辅助虚拟机。`,
  'ft.protected': say`受保护：主虚拟机与辅助虚拟机以虚拟锁步运行。`,
  'ft.startTimedOut': say`启动辅助虚拟机用时过长，将重试。`,
  'ft.startFailed': say`无法启动辅助虚拟机：${'why'}。`,
  'ft.suspected': say`辅助虚拟机怀疑主虚拟机已失效：${'why'}。`,
  'ft.secondaryLost': say`辅助虚拟机已丢失：${'why'}。`,
  'ft.primaryLost': say`主虚拟机已丢失（${'why'}）。`,
  'ft.failover': (data, reason) =>
    say`辅助虚拟机在 ${total} 毫秒后作为新的主虚拟机接管：${'why'}。`({ ...data, why: data['reason'] }, reason),
  'ft.fenced': say`已结束先前的主虚拟机，使其写入不会与新主虚拟机的写入冲突。`,
  'ft.storageUnreachable': say`${WHO}无法访问数据存储：${'why'}。`,
  'ft.storageReachable': say`数据存储已恢复访问。`,
  'ft.lostArbitration': say`${WHO}在仲裁中落败，已停止：${'why'}。`,
  'ft.divergence': say`${WHO}与对方不再一致，已停止：${'why'}。`,
  'ft.corruptLog': say`日志损坏，${WHO}已停止：${'why'}。`,
  'ft.unprotected': say`${WHO}尚未受保护，已停止：${'why'}。`,
  'fault.injected': say`故障：${FAULT}${ms}。`,
} as const satisfies { readonly [kind in EventKind]?: EventWords };

const outside = {
  'record.started': say`正在录制到“${'file'}”。`,
  'record.stopped': say`录制“${'file'}”已结束（${'epochs'} 个 epoch，${MiB} MiB）：${'why'}。`,
  'record.failed': say`录制“${'file'}”失败：${'why'}。`,
  'nic.set': by('type', {
    none: say`网卡：无。`,
    virtio: say`网卡：网络“${'network'}”上的 virtio-net。`,
    ne2k: say`网卡：网络“${'network'}”上的 NE2000。`,
  }),
  'network.created': say`已创建网络“${'name'}”。`,
  'network.deleted': say`已删除网络“${'name'}”。`,
  'network.failed': say`网络操作失败：${'why'}。`,
  'network.gatewayLost': say`网络网关已结束（${'why'}）。它将重新启动；经过它的连接已中断。`,
  'network.uplinkConnected': say`“${'network'}”已连接到上行链路。`,
  'network.uplinkLost': say`“${'network'}”没有上行链路：${'why'}。将重试。`,
  'network.linkRefused': say`一个副本已断开网络：${'why'}。`,
  'network.tcpLimited': say`${'guest'} 有 ${'connections'} 个 TCP 连接，已达上限：更多连接将被拒绝。`,
  'forward.added': say`已添加端口转发 ${forward}。`,
  'forward.changed': say`已更改端口转发 ${forward}。`,
  'forward.removed': say`已移除端口转发 ${forward}。`,
  'forward.failed': say`端口转发 ${forward} 未监听：${'why'}。`,
  'forward.refused': say`有连接到达端口转发 ${forward}，但虚拟机已关闭电源。`,
  'capture.started': say`正在把帧捕获到 ${'file'}。`,
  'capture.stopped': say`捕获已停止。`,
  'capture.failed': say`捕获已结束：${'why'}。`,
  'alarm.acknowledged': say`已确认警报“${ALARM}”。`,
  'door.login': say`位于 ${'client'} 的浏览器已登录（会话 ${'session'}）。`,
  'door.loginRefused': say`位于 ${'client'} 的浏览器使用了无效的链接。`,
  'door.logout': say`一个浏览器已注销（会话 ${'session'}）。`,
  'door.requestRefused': say`来自 ${'client'} 的请求被拒绝。`,
  'audit.command': say`${'command'}（${DOOR}，会话 ${'session'}）：${'outcome'}`,
  'audit.console': say`经由${DOOR}的控制台输入（会话 ${'session'}）。`,
} as const satisfies { readonly [kind in EventKind]?: EventWords };

export const eventsToldZhCN: { readonly [kind in EventKind]: EventWords } = {
  ...lifecycle,
  ...faultTolerance,
  ...outside,
};
