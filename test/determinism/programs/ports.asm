; Input and output: every port is read, in all widths; the screen's registers, palette and planes, the clock's memory,
; interrupt and DMA controllers, timer, PCI configuration, floppy, parallel and sound ports are written with changing values.

%define REPORT_EVERY 4
%include "runtime.asm"

setup:  ret

program:
        call    read_all
        call    listed
        call    screen
        call    clock_memory
        call    pci
        call    restore
        ret

; 1024 ports from a random one on, and all the low ones. Which width depends on the round.
read_all:
        mov     ecx, 0x400
.low:   lea     edx, [ecx - 1]
        call    .read
        loop    .low
        call    rnd
        movzx   ebx, ax
        mov     ecx, 0x400
.high:  lea     edx, [ebx + ecx]
        movzx   edx, dx
        call    .read
        loop    .high
        ret
.read:  xor     eax, eax
        test    byte [rounds], 3
        jz      .wide
        in      al, dx
        jmp     mix
.wide:  test    cl, 1
        jz      .word
        in      eax, dx
        jmp     mix
.word:  in      ax, dx
        jmp     mix

; Random bytes to ports that bear them.
listed: mov     ebx, 200
.next:  call    rnd
        mov     ecx, eax
        xor     edx, edx
        mov     esi, (list.end - list) / 2
        div     esi
        movzx   edx, word [list + edx * 2]
        mov     eax, ecx
        shr     eax, 3
        out     dx, al
        in      al, dx
        movzx   eax, al
        call    mix
        dec     ebx
        jnz     .next
        ret
list:   dw      0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x0a, 0x0b, 0x0c, 0x0e, 0x0f ; DMA
        dw      0xc0, 0xc2, 0xc4, 0xc6, 0xd0, 0xd4, 0xd6, 0xd8, 0x81, 0x82, 0x83, 0x87, 0x89, 0x8a, 0x8b
        dw      0x42, 0x43, 0x61, 0x80 ; timer, speaker, the diagnostic port
        dw      0x21, 0xa1          ; masks
        dw      0x3fb, 0x3fc, 0x3ff, 0x3f9 ; serial line: format, modem, scratch, interrupts
        dw      0x378, 0x379, 0x37a ; parallel
        dw      0x3f2, 0x3f4, 0x3f5, 0x3f7 ; floppy
        dw      0x220, 0x221, 0x224, 0x225, 0x388, 0x389, 0x22c ; sound
        dw      0x1ce, 0x1d0        ; Bochs' screen registers: an index, no data
        dw      0x510               ; firmware configuration
.end:

%macro indexed 3                    ; index port, number of registers, data port: write and read back random values
        mov     ecx, %2
%%next: mov     dx, %1
        lea     eax, [ecx - 1]
        out     dx, al
        call    rnd
        mov     dx, %3
        out     dx, al
        mov     dx, %1
        lea     eax, [ecx - 1]
        out     dx, al
        mov     dx, %3
        in      al, dx
        call    mix
        dec     ecx
        jnz     %%next
%endmacro

; Sequencer, graphics, CRT and attribute controllers, palette; then the planes through whatever mode that gives.
screen: indexed 0x3c4, 5, 0x3c5
        indexed 0x3ce, 9, 0x3cf
        indexed 0x3d4, 25, 0x3d5
        mov     ecx, 21
.attribute:
        mov     dx, 0x3da
        in      al, dx
        call    mix
        mov     dx, 0x3c0
        lea     eax, [ecx - 1]
        out     dx, al
        call    rnd
        out     dx, al
        mov     dx, 0x3c1
        in      al, dx
        call    mix
        loop    .attribute
        mov     dx, 0x3c0
        mov     al, 0x20
        out     dx, al
        mov     dx, 0x3c8
        call    rnd
        out     dx, al
        mov     ecx, 96
        inc     dx
.colour:
        call    rnd
        out     dx, al
        loop    .colour
        mov     dx, 0x3c7
        out     dx, al
        mov     ecx, 96
        mov     dx, 0x3c9
.back:  in      al, dx
        call    mix
        loop    .back
        mov     edi, 0xa0000
        mov     ecx, 2000
.plane: call    rnd
        mov     ebx, eax
        and     ebx, 0x1ffff
        mov     eax, [edi + ebx]
        call    mix
        mov     [edi + ebx], eax
        xor     [edi + ebx], cl
        loop    .plane
        mov     ecx, 300
.retrace:
        mov     dx, 0x3da
        in      al, dx
        call    mix
        mov     dx, 0x3c2
        in      al, dx
        call    mix
        loop    .retrace
        ret

clock_memory:
        mov     ecx, 100
.next:  lea     eax, [ecx + 15]
        out     0x70, al
        call    rnd
        out     0x71, al
        lea     eax, [ecx + 15]
        out     0x70, al
        in      al, 0x71
        call    mix
        loop    .next
        ret

; The configuration of all devices, and a few registers written: command, latency, line.
pci:    mov     ecx, 32 * 64
.next:  lea     eax, [ecx - 1]
        mov     ebx, eax
        and     ebx, 63
        shl     ebx, 2
        shr     eax, 6
        shl     eax, 11
        or      eax, ebx
        or      eax, 0x80000000
        mov     dx, 0xcf8
        out     dx, eax
        mov     dx, 0xcfc
        in      eax, dx
        call    mix
        or      ebx, ebx
        jnz     .known
        mov     [.vendor], ax
.known: cmp     ebx, 0x3c
        jne     .kept
        cmp     word [.vendor], 0xffff
        je      .kept               ; v86 dies of a write to a device that is not there
        call    rnd
        out     dx, al
.kept:  inc     ecx
        cmp     ecx, 32 * 64
        jb      .next
        ret
.vendor: dw     0xffff

; As it was at the start, so that the report can be sent and the timer goes on.
restore:
        xor     eax, eax
        out     0x21, al
        out     0xa1, al
        mov     dx, 0x3fb
        mov     al, 3
        out     dx, al
        mov     dx, 0x3f9
        mov     al, 1
        out     dx, al
        mov     dx, 0x3fc
        mov     al, 0x0b
        out     dx, al
        ret
