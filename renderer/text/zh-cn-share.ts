/**
 * The sentences of cloning, exporting, importing and shutting down, in Simplified Chinese; `zh-cn.ts` hands them on.
 *
 * Invariant: as there: one thing has one word everywhere.
 */
import type { Text } from './text.ts';

export const share: Text['share'] = {
  clone: {
    action: '克隆…',
    hint: '以此虚拟机创建另一台虚拟机，并拥有自己的磁盘',
    title: (name: string) => `克隆“${name}”`,
    send: '克隆',
    name: '克隆的名称',
    copyOf: (name: string) => `${name} 副本`,
    noName: '请填写克隆的名称。',
    kind: '磁盘',
    kinds: { full: '完整克隆：复制磁盘', linked: '链接克隆：仅保存差异' },
    full: '克隆独立于此虚拟机。复制需要一些时间，并占用与磁盘相同的空间。',
    linked: '立即完成。此后两台虚拟机都依赖当前的磁盘文件：请保留该文件，且不要更改它。',
    own: '克隆拥有自己的 MAC 地址，没有端口转发。',
    failed: (name: string) => `克隆“${name}”`,
  },
  export: {
    action: '导出…',
    hint: '将虚拟机及其磁盘写入一个文件',
    title: (name: string) => `导出“${name}”`,
    send: '导出',
    file: '文件',
    fileHint: '运行 Lockstep 的计算机上的路径，文件名以 .lockstep 结尾。',
    noFile: '请填写文件的位置，文件名以 .lockstep 结尾。',
    what: '配置、磁盘以及您自己的内核、光盘和软盘映像将写入一个压缩文件。',
    failed: (name: string) => `导出“${name}”`,
  },
  import: {
    action: '导入…',
    hint: '用导出的文件创建虚拟机',
    title: '导入虚拟机',
    send: '导入',
    file: '导出的文件',
    fileHint: '运行 Lockstep 的计算机上的路径。桌面窗口也可以直接接收该文件。',
    noFile: '请填写是哪个文件：文件名以 .lockstep 结尾。',
    name: '名称',
    nameHint: '不填写时使用原来的名称。',
    mac: 'MAC 地址',
    macs: { new: '新地址', keep: '原来的地址' },
    macHint: '同一网络中的两台虚拟机不能使用同一地址。',
    failed: '导入',
  },
  shutdown: {
    action: '关闭客户机操作系统',
    hint: '请求客户机关闭（示例 Linux 通过串行控制台，其他通过 Ctrl+Alt+Del），并等待其完成',
  },
  cancelTask: '取消任务',
};
