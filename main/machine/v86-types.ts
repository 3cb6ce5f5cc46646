/**
 * The parts of v86 that we touch, as they are in the npm build named in package.json.
 *
 * Invariant: nothing outside this list is read or written by name. The build does not mangle property names; a new
 * version of v86 must be checked against this page.
 */

/** Entries of the function table below this index belong to v86.wasm itself; generated functions follow. */
export const TABLE_GENERATED_START = 1024;
export const TABLE_GENERATED_COUNT = 900;

/** Byte offsets of the processor's state in v86's linear memory. */
export const OFFSET = {
  registers: 64,
  registersEnd: 128,
  segments: 512,
  segmentsEnd: 760,
  flags: 120,
  halted: 616,
  instructions: 664,
} as const;

/** In the flags register: interrupts are taken. */
export const FLAG_INTERRUPTS = 0x200;

/** Functions of v86.wasm that are called from outside. */
export interface CoreExports {
  readonly memory: WebAssembly.Memory;
  /** Runs the guest; returns the time it may sleep in milliseconds, 0 when it wants to go on. */
  readonly main_loop: () => number;
  readonly codegen_finalize_finished: (index: number, start: number, flags: number) => void;
}

/** What v86 hands to the core; the functions that we replace. */
export interface CoreImports {
  microtick: () => number;
  get_rand_int: () => number;
  stop_idling: () => void;
  run_hardware_timers: (acpi: number, now: number) => number;
  codegen_finalize: (index: number, start: number, flags: number, pointer: number, length: number) => void;
  jit_clear_func: (index: number) => void;
  jit_clear_all_funcs: () => void;
  io_port_write8: (port: number, value: number) => void;
  readonly __indirect_function_table: WebAssembly.Table;
}

export interface Bus {
  send(name: string, value?: unknown): void;
}

export interface Uart {
  readonly input: number[];
  readonly fifo_control: number;
}

export interface ByteQueue {
  length: number;
  push(byte: number): void;
  shift(): number;
  peek(): number;
  clear(): void;
}

export interface Ps2 {
  readonly kbd_buffer: ByteQueue;
  readonly mouse_buffer: ByteQueue;
  readonly enable_mouse_stream: boolean;
}

/** VMware's backdoor, as far as the pointer goes. */
export interface VmwarePointer {
  readonly enabled: boolean;
  readonly absolute: boolean;
}

/** One drive on an IDE channel. */
export interface IdeInterface {
  buffer: unknown;
  readonly is_atapi: boolean;
  readonly channel: { dma_status: number; device_control_reg: number };
  current_command: number;
  /** What the next commands are to be told of a change of the disc; 0: nothing. */
  medium_changed: number;
  status_reg: number;
  error_reg: number;
  last_io_id: number;
  readonly in_progress_io_ids: Map<number, { abort(): void }>;
  readonly cancelled_io_ids: Set<number>;
  ata_command(command: number): void;
  set_cdrom(buffer: BlockBuffer): void;
  atapi_check_condition_response(senseKey: number, additionalSense: number): void;
  push_irq(): void;
}

/** A floppy drive: its medium is in memory. */
export interface FloppyDrive {
  readonly buffer: object | null;
  /** False when it has no format for that many bytes. Takes the array's whole buffer. */
  insert_disk(image: Uint8Array): boolean;
  eject_disk(): void;
}

interface IdeChannel {
  readonly master: IdeInterface;
  readonly slave: IdeInterface;
}

/** A picture that v86 composes the screen from, see devices/display.ts. */
export interface VgaLayer {
  readonly image_data: { readonly width: number; readonly height: number; readonly data: Uint8ClampedArray } | null;
  readonly screen_x: number;
  readonly screen_y: number;
  readonly buffer_x: number;
  readonly buffer_y: number;
  readonly buffer_width: number;
  readonly buffer_height: number;
}

export interface Vga {
  screen: unknown;
  readonly graphical_mode: boolean;
  readonly svga_enabled: boolean;
  readonly svga_width: number;
  readonly svga_height: number;
  readonly screen_width: number;
  readonly screen_height: number;
  readonly max_cols: number;
  readonly max_rows: number;
  readonly palette_source: number;
  readonly clocking_mode: number;
  readonly character_map_select: number;
  readonly layers: readonly VgaLayer[];
  readonly image_data: VgaLayer['image_data'];
  screen_fill_buffer(): void;
  text_mode_redraw(): void;
  set_font_bitmap(changed: boolean): void;
  update_cursor(): void;
  update_cursor_scanline(): void;
}

/** One descriptor of a virtio queue, as the guest wrote it: lengths and addresses are signed. */
export interface VirtDescriptor {
  readonly addr_low: number;
  readonly addr_high: number;
  readonly len: number;
  readonly flags: number;
  readonly next: number;
}

/** The buffers of one request. */
export interface VirtChain {
  read_buffers: VirtDescriptor[];
  write_buffers: VirtDescriptor[];
  length_readable: number;
  length_writable: number;
}

export interface VirtQueue {
  readonly enabled: boolean;
  readonly size: number;
  readonly cpu: { readonly mem8: Uint8Array };
  count_requests: (this: VirtQueue) => number;
  get_descriptor: (this: VirtQueue, table: number, index: number) => VirtDescriptor;
  pop_request: (this: VirtQueue) => VirtChain;
}

export interface Nic {
  mac: Uint8Array;
  /** NE2000: the station address is in its own memory, every byte twice. */
  readonly memory?: Uint8Array;
  readonly virtio?: {
    readonly device_status: number;
    readonly queues: readonly VirtQueue[];
  };
}

export interface Devices {
  readonly uart0: Uart;
  readonly ps2: Ps2;
  readonly vmware: VmwarePointer;
  readonly vga: Vga;
  /** The primary channel exists where there is a hard disk. */
  readonly ide: { readonly primary?: IdeChannel; readonly secondary: IdeChannel };
  readonly fdc: { readonly drives: readonly FloppyDrive[] };
  readonly net?: Nic;
  readonly virtio_net?: Nic;
}

export interface Cpu {
  readonly devices: Devices;
  /** The guest's memory, a view of linear memory. */
  readonly mem8: Uint8Array;
  readonly io: {
    readonly ports: object[];
    port_write8(port: number, value: number): void;
    create_empty_entry(): object;
  };
  readonly bus: Bus;
  readonly wm: object;
  readonly bios: object;
  readonly jit_imports: WebAssembly.ModuleImports;
  fw_value: unknown;
  fw_pointer: number;
  stop_idling: () => void;
}

/** v86's outer object. */
export interface Emulator {
  readonly bus: Bus;
  readonly emulator_bus: Bus;
  readonly v86: { readonly cpu: Cpu; idle: boolean; init: (settings: unknown) => void };
  screen_adapter: unknown;
  add_listener(name: string, listener: (value: never) => void): void;
}

/** A block device as v86 wants it: every operation ends with a call of `done`. */
export interface BlockBuffer {
  readonly byteLength: number;
  onload?: (event: object) => void;
  load(): void;
  get(offset: number, length: number, done: (data: Uint8Array) => void): void;
  set(offset: number, data: Uint8Array, done: () => void): void;
  get_and_cache(offset: number, length: number, done: (data: Uint8Array) => void): void;
  get_from_cache(offset: number, length: number): Uint8Array | undefined;
  get_buffer(done: (buffer?: ArrayBuffer) => void): void;
  get_state(): unknown[];
  set_state(state: unknown[]): void;
}
