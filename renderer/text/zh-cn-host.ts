/**
 * Sentences of the host in Simplified Chinese: why something was refused or has failed, and what was found.
 *
 * Invariant: the English side is the host's own sentence, with `{}` for each of its values, as it stands in the sources
 * (test/renderer/host-words.test.ts looks for it there); the Chinese side names the same values by their number.
 */
export type Phrase = readonly [english: string, chinese: string];

/** Why a replica, a channel or a disk is gone. */
const reasons: readonly Phrase[] = [
  ['killed by {}', '被 {1} 终止'],
  ['exit code {}', '退出代码 {1}'],
  ['nothing heard of the primary for {} ms', '{1} 毫秒没有收到主虚拟机的消息'],
  ["the primary's process ended ({})", '主虚拟机的进程已结束（{1}）'],
  ["the secondary's process ended ({})", '辅助虚拟机的进程已结束（{1}）'],
  ['the logging channel closed ({})', '日志通道已关闭（{1}）'],
  ['process {} at its other end is ending', '另一端的进程 {1} 正在结束'],
  ['the link was closed', '链路已关闭'],
  ['closed by this side', '由本端关闭'],
  ['the peer sent something that is no message', '对端发送的内容不是消息'],
  ['the virtual machine was powered off', '虚拟机已关闭电源'],
  ['Fault Tolerance was turned off', '容错已关闭'],
  ['{} holds generation {} of this VM', '{1} 持有该虚拟机的第 {2} 代'],
  ['the log cannot be read: {}', '无法读取日志：{1}'],
  ['{}, and this backup was not yet allowed to go live', '{1}，而该备份尚不允许接管'],
  ['the log grew past its limit before this backup was restored', '在该备份恢复之前日志已超过上限'],
  ['{} on {} failed: {}', '{2} 上的{1}失败：{3}'],
  ['{}; it is tried again', '{1}；将重试'],
  ['the primary that recorded it was lost', '录制它的主虚拟机已丢失'],
  ['{}; what was recorded until then can be replayed', '{1}；此前录制的内容可以重放'],
  ['the VM is on no network', '虚拟机不在任何网络上'],
  ['Lockstep itself was ended while the VM was running', '虚拟机运行时 Lockstep 本身被终止'],
];

/** Alarms, notes and tasks. */
const told: readonly Phrase[] = [
  ['Powered off unexpectedly: {}', '意外关闭电源：{1}'],
  ['Fault Tolerance is suspended: the VM is not protected.', '容错已挂起：虚拟机不受保护。'],
  ['The secondary went live as the new primary after {} ms: {}.', '辅助虚拟机在 {1} 毫秒后作为新的主虚拟机接管：{2}。'],
  ['{} halted: {}.', '{1}已停止：{2}。'],
  ['The secondary', '辅助虚拟机'],
  ['A former primary', '先前的主虚拟机'],
  ['The secondary could not be started: {}.', '无法启动辅助虚拟机：{1}。'],
  ['Starting the secondary took too long; it is tried again.', '启动辅助虚拟机用时过长，将重试。'],
  ['The {} cannot reach the datastore: {}.', '无法访问数据存储：{2}。'],
  ['The guest has disabled its CPU. Power the virtual machine off.', '客户机已停用其 CPU。请关闭虚拟机电源。'],
  ['Need Secondary VM: {}.', '需要辅助虚拟机：{1}。'],
  ['the connection was lost', '连接已丢失'],
  ['it no longer agreed with the primary', '它与主虚拟机不再一致'],
  ['the running VM could not be copied', '无法复制运行中的虚拟机'],
  ['none could be started', '无法启动'],
  ['The primary is slowed by {} % for its secondary to keep up.', '主虚拟机已减速 {1}%，以便辅助虚拟机跟上。'],
  ['The secondary is {} ms behind.', '辅助虚拟机落后 {1} 毫秒。'],
  ['It was cancelled, and left nothing behind.', '已取消，未留下任何内容。'],
];

/** The names of what is looked for, refused because it is there, or not there. */
const names: readonly Phrase[] = [
  [
    'There is already a VM "{}". Choose another name, or delete that one.',
    '已有虚拟机“{1}”。请换一个名称，或删除那一个。',
  ],
  ['There is no VM "{}". "lockstep vm list" shows those there are.', '没有虚拟机“{1}”。'],
  ['There is already a folder "{}". Choose another name.', '已有文件夹“{1}”。请换一个名称。'],
  ['There is no folder "{}". "lockstep folder list" shows those there are.', '没有文件夹“{1}”。'],
  ['The folder "{}" cannot be put into itself.', '不能把文件夹“{1}”放入它自身。'],
  ['Folders lie at most {} deep: choose another place.', '文件夹最多 {1} 层：请换一个位置。'],
  ['There are {} folders at most: delete one first.', '最多 {1} 个文件夹：请先删除一个。'],
  ['There is already a network "{}".', '已有网络“{1}”。'],
  ['There is no network "{}". "lockstep network list" shows those there are.', '没有网络“{1}”。'],
  ['The network "{}" is always there.', '网络“{1}”始终存在。'],
  ['"{}" is on the network "{}": put it on another one first (nic set).', '“{1}”在网络“{2}”上：请先换到另一个网络。'],
  ['There are at most {} networks: delete one first.', '最多 {1} 个网络：请先删除一个。'],
  ['There are at most {} forwards: remove one first.', '最多 {1} 个端口转发：请先移除一个。'],
  ['There is already a forward {} (number {}).', '已有端口转发 {1}（编号 {2}）。'],
  ['"{}" already has a snapshot "{}". Choose another name.', '“{1}”已有快照“{2}”。请换一个名称。'],
  ['"{}" has {} snapshots, as many as may be: delete some.', '“{1}”已有 {2} 个快照，达到上限：请删除一些。'],
  ['There are {} virtual machines, as many as there may be: delete some.', '已有 {1} 台虚拟机，达到上限：请删除一些。'],
];

/** Files and media. */
const files: readonly Phrase[] = [
  ['The {} does not exist. Check the path.', '{1} 不存在。请检查路径。'],
  ['The {} is not a file. Name an image file.', '{1} 不是文件。请指定映像文件。'],
  ['The {} may not be read. Check its permissions.', '无权读取 {1}。请检查其权限。'],
  ['The {} cannot be opened: {}', '无法打开 {1}：{2}'],
  ['The {} cannot be read: {}', '无法读取 {1}：{2}'],
  ['The {} cannot be used: {}', '无法使用 {1}：{2}'],
  [
    "The {} is no bzImage: it lacks the boot header. Use a kernel's arch/x86/boot/bzImage.",
    '{1} 不是 bzImage：缺少引导头。请使用内核的 arch/x86/boot/bzImage。',
  ],
  ['"{}" cannot be read: {}', '无法读取“{1}”：{2}'],
  ['"{}" exists: choose another name, or replace it with --force.', '“{1}”已存在：请换一个名称。'],
  ['"{}" exists by now: choose another name.', '“{1}”现已存在：请换一个名称。'],
  ['"{}" is no folder: make it, or choose another place.', '“{1}”不是文件夹：请创建它，或换一个位置。'],
  ['"{}" is no plain file, and is not replaced: choose another name.', '“{1}”不是普通文件，不会被替换：请换一个名称。'],
  ['"{}" cannot be replaced: {}.', '无法替换“{1}”：{2}。'],
  ['"{}" cannot be imported: {}.', '无法导入“{1}”：{2}。'],
  ['The disk "{}" is being worked on: wait until that is done.', '磁盘“{1}”正在处理中：请等待完成。'],
  ['The disk of "{}" stands on "{}", which must stay as it is.', '“{1}”的磁盘建立在“{2}”之上，后者必须保持不变。'],
  ['"{}" is there already. Choose another name.', '“{1}”已存在。请换一个名称。'],
  [
    'For this format Lockstep needs the program "qemu-img", which is not installed. ' +
      'Debian, Ubuntu: apt install qemu-utils. Fedora: dnf install qemu-img. macOS: brew install qemu.',
    '此格式需要程序 qemu-img，但尚未安装。Debian、Ubuntu：apt install qemu-utils。' +
      'Fedora：dnf install qemu-img。macOS：brew install qemu。',
  ],
  ['qemu-img failed: {}', 'qemu-img 失败：{1}'],
  [
    '"{}" has {} bytes: it can grow, not shrink to {}, which would cut off data.',
    '“{1}”有 {2} 字节：只能增大，不能缩小到 {3}，否则会丢失数据。',
  ],
  ['There is no {} in the {} of "{}".', '“{3}”的驱动器中没有介质。'],
  ['The datastore "{}" cannot be written: {}.', '无法写入数据存储“{1}”：{2}。'],
];

/** What a running machine does not do, or not now. */
const machine: readonly Phrase[] = [
  ['"{}" could not be powered on: {}', '无法打开“{1}”的电源：{2}'],
  ['"{}" does not go on yet: {}', '“{1}”尚未继续运行：{2}'],
  ['"{}" could not be {}. "lockstep events {}" says more.', '“{1}”的操作未能完成。详见事件。'],
  ['"{}" has no replica at this moment.', '“{1}”目前没有副本。'],
  ['"{}" does not take its input: too much is waiting already.', '“{1}”不接受输入：等待的内容过多。'],
  ['"{}" is {} meanwhile. "lockstep events" says why.', '“{1}”的状态已改变。原因见事件。'],
  [
    '"{}" is a sample, which brings its own kernel: make a VM of your own files.',
    '“{1}”是自带内核的示例：请用自己的文件新建虚拟机。',
  ],
  [
    '"{}" is the test guest: it boots from its own floppy, which stays.',
    '“{1}”是测试客户机：它从自己的软盘引导，软盘不能更换。',
  ],
  ['"{}" has no hard disk to be linked to: make a full clone of it.', '“{1}”没有可供链接的硬盘：请进行完整克隆。'],
  ['"{}" was changed meanwhile: try again.', '“{1}”在此期间已更改：请重试。'],
  ['"{}" was lost while it was suspended.', '“{1}”在挂起过程中丢失。'],
  ['"{}" shows no picture: it was powered off, or does not answer.', '“{1}”没有画面：电源已关闭，或没有响应。'],
  ['The state could not be saved: {}.', '无法保存状态：{1}。'],
  ['The recording "{}" failed: {}.', '录制“{1}”失败：{2}。'],
  ['Wait a moment: {}.', '请稍候：{1}。'],
  ['Another recording is being started: wait a moment.', '正在开始另一个录制：请稍候。'],
  ['Its state is being saved: wait a moment.', '正在保存其状态：请稍候。'],
  [
    'lagThrottleMs ({}) must be less than lagHardMs ({}): set both, or another value.',
    '开始减速的延迟（{1}）必须小于最大减速的延迟（{2}）。',
  ],
  [
    'A VM has one hard disk: leave out either the file or the size of a new one.',
    '一台虚拟机只有一块硬盘：请只填写文件或新硬盘的大小。',
  ],
  ['An initrd needs its kernel: name both, or take both away.', 'initrd 需要内核：请同时指定两者，或都不指定。'],
  [
    'The VM is off, or has no network card: power it on to capture its frames.',
    '虚拟机已关闭或没有网卡：请打开电源以捕获帧。',
  ],
  ['"{}" has the MAC address {}: import without keeping it.', '“{1}”已使用 MAC 地址 {2}：请在导入时换用新地址。'],
  ['Too many commands come through the {}: wait a second, then try again.', '命令过多：请稍等一秒再试。'],
];

/** What the contract's schemas say of a field. */
const fields: readonly Phrase[] = [
  ['a VM name needs at least one character', '虚拟机名称至少需要一个字符'],
  ['a VM name has at most {} characters', '虚拟机名称最多 {1} 个字符'],
  [
    'a VM name is made of letters, digits, spaces, ".", "_" and "-", and begins with a letter or a digit',
    '虚拟机名称由字母、数字、空格和“.”“_”“-”组成，并以字母或数字开头',
  ],
  ['a folder name needs at least one character', '文件夹名称至少需要一个字符'],
  ['folders lie at most {} deep', '文件夹最多 {1} 层'],
  [
    'a folder name is made of letters, digits, spaces and ._&()-, begins with a letter or a digit, and has at most ' +
      '{} characters',
    '文件夹名称由字母、数字、空格和 ._&()- 组成，以字母或数字开头，最多 {1} 个字符',
  ],
  ['a file path cannot be empty', '文件路径不能为空'],
  ['a file is named by its whole path, such as /home/ada/disk.img', '请填写文件的完整路径，例如 /home/ada/disk.img'],
  ["a network's name is made of letters, digits, '.', '_' and '-'", '网络名称由字母、数字、“.”“_”“-”组成'],
  ["a network's name has at most {} characters", '网络名称最多 {1} 个字符'],
  ['ports are from 1 to 65535', '端口从 1 到 65535'],
  ['a port is a number', '端口是数字'],
  ['a port is a whole number', '端口是整数'],
  ['memory is a number of MB', '内存是以 MB 为单位的数字'],
  ['memory is a whole number of MB', '内存是以 MB 为单位的整数'],
  ['memory is at least {} MB', '内存至少 {1} MB'],
  ['memory is at most {} MB', '内存最多 {1} MB'],
  ['a kernel command line has at most 2047 characters', '内核命令行最多 2047 个字符'],
  ['It takes a number of {}', '需要一个数字'],
  ['It takes a whole number of {}', '需要一个整数'],
  ['It is at least {} {}', '至少 {1}'],
  ['It is at most {} {}', '最多 {1}'],
];

export const hostPhrases: readonly Phrase[] = [...reasons, ...told, ...names, ...files, ...machine, ...fields];
