/** The sentences of the Monitor, the failovers and the fault lab, in Simplified Chinese. Invariant: as in English. */
import type { Text } from './text.ts';

export const faults: Text['faults'] = {
  'crash-primary': {
    label: '使主虚拟机崩溃',
    hint: '立即终止主虚拟机 (kill -9)；打开容错时，客户机继续运行',
    now: '主虚拟机已崩溃',
    effect: () =>
      '主虚拟机被终止 (kill -9)：辅助虚拟机赢得测试并设置 (test-and-set) 并接管运行。没有辅助虚拟机时虚拟机丢失。',
  },
  'crash-secondary': {
    label: '使辅助虚拟机崩溃',
    hint: '立即终止辅助虚拟机 (kill -9)；随后启动新的辅助虚拟机',
    now: '辅助虚拟机已崩溃',
    effect: () => '辅助虚拟机被终止 (kill -9)：主虚拟机单独继续运行，并启动新的辅助虚拟机。',
  },
  'hang-primary': {
    label: '使主虚拟机挂死',
    hint: '让主虚拟机的进程停顿一段时间',
    now: '主虚拟机挂死',
    effect: ({ failureTimeoutMs }) =>
      `主虚拟机停顿：静默 ${failureTimeoutMs} 毫秒后辅助虚拟机接管运行，原主虚拟机醒来时自行停止。`,
  },
  'hang-secondary': {
    label: '使辅助虚拟机挂死',
    hint: '让辅助虚拟机的进程停顿一段时间',
    now: '辅助虚拟机挂死',
    effect: ({ failureTimeoutMs }) =>
      `辅助虚拟机停顿：输出等待，静默 ${failureTimeoutMs} 毫秒后主虚拟机单独继续运行，并启动新的辅助虚拟机。`,
  },
  'corrupt-secondary': {
    label: '损坏辅助虚拟机',
    hint: '翻转辅助虚拟机内存中的一位',
    now: '辅助虚拟机已损坏',
    effect: () => '其内存中的一位被翻转：状态比较会在数秒内发现，并由全新的辅助虚拟机取代。',
  },
  'cut-channel': {
    label: '切断通道',
    hint: '不让任何消息通过日志通道',
    now: '日志通道已切断',
    effect: ({ failureTimeoutMs }) =>
      `任何消息都无法通过：${failureTimeoutMs} 毫秒后双方互相怀疑，恰有一方赢得测试并设置并继续运行。`,
  },
  'delay-channel': {
    label: '延迟通道',
    hint: '让日志通道的每条消息延迟到达',
    now: '日志通道缓慢',
    effect: ({ lagThrottleMs }) => `每条消息延迟到达：输出等待更久，滞后达到 ${lagThrottleMs} 毫秒后主虚拟机减速。`,
  },
  heal: {
    label: '修复',
    hint: '挂死的进程继续运行，日志通道恢复完好',
    now: '已修复',
    effect: () => '挂死的进程继续运行，日志通道恢复完好。',
  },
};

export const lab: Text['lab'] = {
  title: '注入故障',
  real: '作用于此虚拟机的真实进程',
  injected: '当前注入的故障',
  healthy: '无：进程和日志通道一切正常。',
  off: '无：虚拟机电源已关闭。',
  story: '结果',
  nothing: '尚未注入故障。结果将在此逐步显示。',
  for: '持续',
  by: '延迟',
  ms: '毫秒',
  msWrong: (most) => `请输入 1 到 ${most} 之间的整数毫秒。`,
  process: (pid) => `进程 ${pid}`,
  later: (ms) => `每条延迟 ${ms} 毫秒`,
  lasts: (ms) => `持续 ${ms} 毫秒`,
  since: (time) => `自 ${time}`,
};

export const failover: Text['failover'] = {
  last: '上次故障切换',
  former: '以前的故障切换',
  choose: '故障切换',
  older: '更早的故障切换',
  newer: '更新的故障切换',
  noOlder: '没有更早的故障切换。',
  noNewer: '这是最新的故障切换。',
  interruption: '从最后的存活迹象到接管后的首个 epoch',
  requested: '测试故障切换。',
  who: (from, to, generation) => `进程 ${from} 由进程 ${to} 接替，第 ${generation} 代。`,
  scale: '刻度',
  scales: { interruption: '中断时间', protection: '直到受保护' },
  table: '故障切换的各阶段',
  phase: '阶段',
  share: '在刻度上',
  begins: '开始',
  takes: '用时',
  phases: {
    detect: '检测',
    drain: '耗尽日志',
    arbitrate: '测试并设置',
    live: '接管运行',
    output: '首个新输出',
    protect: '再次受保护',
  },
  hints: {
    detect: '从原主虚拟机最后的存活迹象到产生怀疑',
    drain: '辅助虚拟机执行已收到的日志',
    arbitrate: '在共享存储上的仲裁',
    live: '从赢得测试并设置到接管后的首个 epoch',
    output: '从那时到原主虚拟机未曾作出的首个输出',
    protect: '从那时到新的辅助虚拟机追上',
  },
  notYet: { detect: '–', drain: '–', arbitrate: '–', live: '–', output: '尚无', protect: '尚未' },
};

export const monitor: Text['monitor'] = {
  title: '测量值',
  range: '时间范围',
  ranges: { '1m': '1 分钟', '10m': '10 分钟', '1h': '1 小时', '24h': '24 小时' },
  steps: { 1000: '每秒一个点。', 10_000: '每 10 秒一个点。', 60_000: '每分钟一个点。' },
  off: '虚拟机电源已关闭。',
  loading: '正在查找测量值…',
  none: '此时间内没有测量：虚拟机电源已关闭。',
  asTable: '显示为表格',
  asCharts: '显示为图表',
  measure: '指标',
  now: '当前',
  mean: '平均',
  peak: '峰值',
  speed: '速度',
  cpu: 'CPU',
  ofOneCore: '占一个核心',
  instructions: '指令',
  memory: '进程内存',
  resident: '常驻内存集',
  lag: '滞后和 vLockstep 时间间隔',
  p50: 'p50',
  p99: 'p99',
  diskRequests: '磁盘请求',
  diskBytes: '磁盘吞吐量',
  readAndWritten: '读取和写入',
  network: '网络',
  throttle: '限速',
  throttleHint: '主虚拟机被减速的程度',
  stalls: '停顿',
  stallsHint: '自接管运行以来',
  held: '滞留的输出',
  heldHint: '在输出门中等待',
};

export const notices: Text['notices'] = {
  on: '通知已打开',
  off: '通知已关闭',
  turnOn: '发生故障切换或失去保护时在桌面通知我',
  turnOff: '不在桌面通知我',
  blocked: '浏览器阻止了此页面的通知：请在其设置中允许。',
  missing: '此浏览器没有通知功能。',
  title: (vm, alarm) => `${vm}：${alarm}`,
};
