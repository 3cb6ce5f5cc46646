; Lockstep's test guest: a floppy image that boots in a moment and does, on command, what tests need (see commands.asm).
; This file: the boot sector, which loads the rest of the first track behind itself, and the ways between real mode
; (BIOS calls) and 32-bit protected mode (everything else).
; Invariant: code and data lie below 64 KiB and segments are flat, so an address is the same in both modes.

%define IDT_AT      0x1000          ; 48 gates
%define RX_RING     0x2000          ; 256 bytes from the serial line
%define KEY_RING    0x2100          ; 256 scan codes
%define SECTOR_AT   0x2200          ; one disk sector
%define LOAD_SECTORS 17             ; the rest of the first track
%define STACK_TOP   0x7c00
%define CODE32      0x08
%define DATA32      0x10
%define CODE16      0x18
%define DATA16      0x20

        org     0x7c00
        bits    16

start:  cli
        cld
        xor     ax, ax
        mov     ds, ax
        mov     es, ax
        mov     ss, ax
        mov     sp, STACK_TOP
        jmp     0:.flat
.flat:  mov     [boot_drive], dl
        mov     di, 3               ; a floppy may need a second try
.read:  mov     ax, 0x0200 + LOAD_SECTORS
        mov     bx, 0x7e00
        mov     cx, 0x0002          ; cylinder 0, sector 2
        mov     dl, [boot_drive]
        xor     dh, dh
        int     0x13
        jnc     .loaded
        xor     ah, ah
        int     0x13
        dec     di
        jnz     .read
        mov     si, text_unreadable
.say:   lodsb
        or      al, al
        jz      .stop
        mov     ah, 0x0e
        mov     bx, 7
        int     0x10
        jmp     .say
.stop:  cli
        hlt
        jmp     .stop
.loaded:
        mov     ax, 0x0003          ; 80x25 text
        int     0x10
        cli
        mov     dword [saved_esp], STACK_TOP
        mov     dword [back_to], main32
        jmp     to_protected

text_unreadable: db 'test guest: cannot read the floppy', 13, 10, 0
boot_drive:     db 0

        times   510 - ($ - $$) db 0
        dw      0xaa55

; From real to protected mode, to the address in back_to with the stack in saved_esp. Interrupts stay off.
to_protected:
        lgdt    [gdt_pointer]
        mov     eax, cr0
        or      al, 1
        mov     cr0, eax
        jmp     CODE32:.in
        bits    32
.in:    mov     ax, DATA32
        mov     ds, ax
        mov     es, ax
        mov     ss, ax
        mov     fs, ax
        mov     gs, ax
        mov     esp, [saved_esp]
        lidt    [idt_pointer]
        jmp     [back_to]

; Sets the BIOS video mode AL, by a visit to real mode. Keeps all registers; returns with interrupts on.
set_video_mode:
        cli
        pushad
        mov     [video_mode], al
        mov     [saved_esp], esp
        mov     dword [back_to], .back
        jmp     CODE16:.narrow
        bits    16
.narrow:
        mov     ax, DATA16
        mov     ds, ax
        mov     es, ax
        mov     ss, ax
        mov     eax, cr0
        and     al, 0xfe
        mov     cr0, eax
        jmp     0:.real
.real:  xor     ax, ax
        mov     ds, ax
        mov     es, ax
        mov     ss, ax
        lidt    [bios_idt_pointer]
        movzx   ax, byte [video_mode]
        int     0x10
        cli
        jmp     to_protected
        bits    32
.back:  popad
        sti
        ret

        align   8
gdt:    dq      0
        dq      0x00cf9a000000ffff  ; CODE32: 0 to 4 GiB
        dq      0x00cf92000000ffff  ; DATA32
        dq      0x00009a000000ffff  ; CODE16: 0 to 64 KiB
        dq      0x000092000000ffff  ; DATA16
gdt_pointer:
        dw      gdt_pointer - gdt - 1
        dd      gdt
idt_pointer:
        dw      48 * 8 - 1
        dd      IDT_AT
bios_idt_pointer:
        dw      0x3ff
        dd      0
saved_esp:      dd 0
back_to:        dd 0
video_mode:     db 0

%include "interrupts.asm"
%include "serial.asm"
%include "screen.asm"
%include "disk.asm"
%include "commands.asm"

; Fails to assemble if the program does not fit.
        times   (LOAD_SECTORS + 1) * 512 - ($ - $$) db 0
