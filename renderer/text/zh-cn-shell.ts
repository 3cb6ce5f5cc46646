/** The sentences of the page's frame in Simplified Chinese. Invariant: as in `en-shell.ts`. */
import type { Text } from './text.ts';

export const shell: Text['shell'] = {
  settings: '设置',
  theme: '主题',
  themes: { system: '跟随系统', light: '浅色', dark: '深色', contrast: '高对比度' },
  language: '语言',
  languageSystem: '跟随浏览器',
  logOut: '注销',
  loggedOut: '您已注销',
  loggedOutText: '此浏览器不再有访问权限。要返回，请打开新的链接：“lockstep link”会打印一个。',
  skip: '跳到内容',
  announce: (name, state) => `${name}：${state}`,
};

export const palette: Text['palette'] = {
  title: '命令面板',
  open: '命令面板 (Ctrl+K)',
  placeholder: '键入操作或虚拟机名称',
  none: '没有匹配项。',
  results: (count) => `${count} 个结果`,
  goTo: '转到',
  page: '页面',
  keys: '方向键选择，Enter 执行，Esc 关闭',
};

export const shortcuts: Text['shortcuts'] = {
  title: '键盘快捷方式',
  show: '键盘快捷方式',
  groups: { page: '全局', vm: '对打开的虚拟机', tree: '在清单中', console: '在控制台中' },
  palette: '命令面板',
  sheet: '此列表',
  search: '在清单中查找',
  newVm: '新建虚拟机',
  move: '上下移动',
  fold: '展开和折叠文件夹或虚拟机对',
  openIt: '打开',
  menu: '操作菜单',
  rename: '重命名文件夹',
  remove: '删除文件夹',
  release: '释放键盘和鼠标',
  ctrlAltDel: '发送 Ctrl+Alt+Del',
  fullScreen: '全屏',
  grab: '将键盘和鼠标交给虚拟机',
};

export const menus: Text['menus'] = {
  media: 'CD 和软盘',
  faults: '注入故障',
  ft: '容错',
  network: '网络',
  keys: '发送按键',
  disk: '硬盘',
};

export const folders: Text['folders'] = {
  top: '无文件夹',
  add: '新建文件夹…',
  addTitle: '新建文件夹',
  addIn: (folder) => `在“${folder}”中新建文件夹`,
  rename: '重命名文件夹…',
  renameTitle: (folder) => `重命名文件夹“${folder}”`,
  delete: '删除文件夹',
  deleteHint: '其中的内容上移一级；不会删除任何虚拟机',
  name: '名称',
  moveTo: '移动到文件夹…',
  moveTitle: (name) => `将“${name}”移动到文件夹`,
  folder: '文件夹',
  newFolder: '另一个新文件夹',
  exists: (folder) => `文件夹“${folder}”已存在。`,
  unchanged: '它已经在那里。',
  count: (count) => `${count} 台虚拟机`,
  moving: '移动虚拟机',
  removing: '删除文件夹',
};

export const media: Text['media'] = {
  insert: { cdrom: '插入 CD 映像…', fda: '插入软盘映像…' },
  eject: { cdrom: '弹出 CD', fda: '弹出软盘' },
  empty: { cdrom: 'CD-ROM 驱动器为空。', fda: '软盘驱动器为空。' },
  own: '测试客户机从它自己的软盘引导，该软盘不可更换。',
  title: {
    cdrom: (name) => `将 CD 映像插入“${name}”`,
    fda: (name) => `将软盘映像插入“${name}”`,
  },
  drives: { cdrom: 'CD-ROM 驱动器', fda: '软盘驱动器' },
  what: '虚拟机运行时立即生效，此后每次打开电源时也有效。',
  now: (file) => `驱动器中现有：${file}`,
  nothing: '驱动器现在为空。',
  file: '映像文件',
  hint: '运行 Lockstep 的计算机上的路径',
  noFile: '请指定文件。',
  insertIt: '插入',
  button: '介质',
};

export const start: Text['start'] = {
  title: '立即拥有一台受保护的虚拟机',
  text: '创建一个小型 Linux，打开电源并打开容错。用时不到一分钟；然后结束它的一个进程，看它继续运行。',
  button: '创建受保护的虚拟机',
  steps: { create: '创建', power: '打开电源', protect: '受保护' },
  done: '它已受保护。',
  doneText: (name) => `“${name}”以锁步方式运行两份。打开它的控制台，让它的主虚拟机崩溃。`,
  openConsole: '打开它的控制台',
  name: '示例 Linux',
};

export const form: Text['form'] = {
  create: '创建',
  choose: '设置…',
  guest: '客户机',
  name: '名称',
  memory: '内存',
  memoryHint: (least, most) => `${least} 到 ${most} MB`,
  folder: '文件夹',
  startAfter: '创建后打开电源',
  sources: {
    sample: { title: '示例 Linux', text: '一个小型 Linux，屏幕和串行端口上都有 shell' },
    test: { title: '测试客户机', text: '我们自己的微型客户机，用来检验设备' },
    kernel: { title: 'Linux 内核', text: '您的内核，可带初始 RAM 磁盘' },
    disk: { title: '硬盘', text: '可引导的映像，或与 CD 一起使用的新磁盘' },
    cd: { title: 'CD 映像 (ISO)', text: '安装程序或 Live 系统' },
    floppy: { title: '软盘映像', text: 'DOS 和其他旧系统' },
    multiboot: { title: 'Multiboot 内核', text: 'GRUB 可加载的内核，不经 BIOS 启动' },
  },
  files: {
    bzimage: '内核',
    initrd: '初始 RAM 磁盘',
    cmdline: '内核命令行',
    multiboot: 'Multiboot 内核',
    hda: '硬盘映像',
    cdrom: 'CD 映像 (ISO)',
    fda: '软盘映像',
  },
  filesHint: '运行 Lockstep 的计算机上的路径。',
  disk: '硬盘',
  disks: { none: '无硬盘', new: '新的空磁盘', file: '现有映像' },
  keepDisk: '保持不变',
  diskSize: '大小',
  diskSizeHint: '例如 4G 或 512M；文件随客户机写入而增大',
  more: '其他驱动器、网卡',
  noBoot: {
    kernel: '请指定内核。',
    disk: '请指定映像，或添加用于引导的 CD 或软盘。',
    cd: '请指定 CD 映像。',
    floppy: '请指定软盘映像。',
    multiboot: '请指定内核。',
  },
  noDisk: '请指定映像。',
  emptyDisk: '空磁盘无法引导：请指定用于引导的 CD 或软盘映像。',
  initrdAlone: '初始 RAM 磁盘需要内核。',
  nameTaken: (name) => `已存在名为“${name}”的虚拟机。`,
  notSaved: '键入的内容会保留到连接恢复。',
};

export const edit: Text['edit'] = {
  open: '编辑设置…',
  hint: '名称、内存、驱动器、内核',
  title: (name) => `“${name}”的设置`,
  general: '常规',
  hardware: '硬件',
  drives: '可移动介质',
  kernel: '内核',
  needsOff: '在虚拟机关闭电源时更改',
  always: '随时可更改',
  unchanged: '没有任何更改。',
  defaultCmdline: '默认值',
  sampleKernel: '示例自带内核。',
  moved: (file) => `使用独立磁盘故障切换之后，磁盘现在位于“${file}”。`,
};

export const boot: Text['boot'] = {
  first: '首先引导自',
  usual: '通常：软盘、硬盘、CD',
  drives: { hda: '硬盘', cdrom: 'CD-ROM 光盘', fda: '软盘' },
  vga: '显存',
  usualVga: '通常：8 MB',
};
