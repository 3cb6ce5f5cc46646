; Disk and network at once: IDE by programmed I/O and by bus-master DMA, reads, writes, flushes, resets in the middle,
; the empty CD-ROM drive; an NE2000 that sends frames and takes what comes; while interrupts of all of them arrive.

%define REPORT_EVERY 4
%include "runtime.asm"

%define DISK_SECTORS 16384
%define BUFFER  0x40000             ; 64 KiB
%define PRD_AT  0x38000
%define BUS_MASTER 0xb400
%define NIC     0x300
%define PATIENCE 20                 ; ticks

disk_signals: dd 0
before: dd      0

setup:  mov     dword [irq_hook], hook
        mov     eax, 0x80000804     ; the IDE controller may be bus master
        mov     dx, 0xcf8
        out     dx, eax
        mov     dx, 0xcfc
        mov     al, 7
        out     dx, al
        mov     esi, .nic
        mov     ecx, (.nic_end - .nic) / 2
.next:  movzx   edx, byte [esi]
        add     edx, NIC
        mov     al, [esi + 1]
        out     dx, al
        add     esi, 2
        loop    .next
        ret
.nic:   db      0x00, 0x21, 0x0e, 0x49, 0x0a, 0, 0x0b, 0, 0x0c, 0x1c, 0x0d, 0, 0x04, 0x40 ; stopped; everything, too
        db      0x03, 0x4c, 0x01, 0x4c, 0x02, 0x80, 0x07, 0xff, 0x0f, 0x3f ; ring from 0x4c to 0x80
        db      0x00, 0x61, 0x07, 0x4d, 0x00, 0x22
.nic_end:

hook:   cmp     eax, 14
        jne     .nic
        inc     dword [disk_signals]
        mov     dx, BUS_MASTER + 2
        in      al, dx
        call    mix_irq
        out     dx, al
        ret
.nic:   cmp     eax, 9
        jb      .done
        cmp     eax, 12
        jae     .done
        mov     dx, NIC + 7
        in      al, dx
        call    mix_irq
        out     dx, al
.done:  ret

program:
        call    network
        call    rnd
        and     eax, 7
        jmp     [.kinds + eax * 4]
.kinds: dd      pio_read, pio_write, dma_read, dma_write, dma_read, flush, odd, both

; EAX: a random place, ECX: 1 to 32 sectors from there.
place:  call    rnd
        and     eax, 31
        lea     ecx, [eax + 1]
        call    rnd
        and     eax, DISK_SECTORS - 64
        ret

; Command BL for ECX sectors at EAX, drive 0.
command:
        push    eax
        mov     dx, 0x1f6
        shr     eax, 24
        or      al, 0xe0
        out     dx, al
        mov     dx, 0x1f2
        mov     al, cl
        out     dx, al
        pop     eax
        inc     dx
        out     dx, al
        shr     eax, 8
        inc     dx
        out     dx, al
        shr     eax, 8
        inc     dx
        out     dx, al
        push    dword [disk_signals]
        pop     dword [before]
        mov     dx, 0x1f7
        mov     al, bl
        out     dx, al
        ret

; Sleeps until the disk has interrupted, or for long. AL: its status.
wait_disk:
        mov     ebx, [ticks]
.again: cli
        mov     eax, [disk_signals]
        cmp     eax, [before]
        jne     .came
        mov     eax, [ticks]
        sub     eax, ebx
        cmp     eax, PATIENCE
        ja      .came
        sti
        hlt
        jmp     .again
.came:  sti
        mov     dx, 0x1f7
        in      al, dx
        call    mix
        ret

; Waits, without sleeping, until the disk is not busy. AL: its status.
poll_disk:
        mov     ebx, [ticks]
        mov     dx, 0x1f7
.again: in      al, dx
        test    al, 0x80
        jz      .done
        push    eax
        mov     eax, [ticks]
        sub     eax, ebx
        cmp     eax, PATIENCE
        pop     eax
        jb      .again
.done:  jmp     mix

pio_read:
        call    place
        mov     bl, 0x20
        call    command
.sector:
        call    poll_disk
        test    al, 1
        jnz     .done
        test    al, 8
        jz      .done
        push    ecx
        mov     edi, BUFFER
        mov     ecx, 256
        mov     dx, 0x1f0
        rep     insw
        mov     esi, BUFFER
        mov     ecx, 512
        call    mix_block
        pop     ecx
        loop    .sector
.done:  ret

pio_write:
        call    place
        mov     bl, 0x30
        call    command
.sector:
        call    poll_disk
        test    al, 8
        jz      .done
        push    ecx
        mov     esi, BUFFER
        call    rnd
        mov     [esi], eax
        mov     ecx, 256
        mov     dx, 0x1f0
        rep     outsw
        pop     ecx
        loop    .sector
.done:  jmp     wait_disk

; Descriptors for ECX sectors at BUFFER, in pieces of 1.5 KiB.
descriptors:
        pushad
        mov     edi, PRD_AT
        mov     eax, BUFFER
        shl     ecx, 9
.next:  mov     [edi], eax
        mov     edx, 1536
        cmp     ecx, edx
        ja      .piece
        mov     edx, ecx
.piece: mov     [edi + 4], edx
        add     eax, edx
        add     edi, 8
        sub     ecx, edx
        jnz     .next
        mov     byte [edi - 1], 0x80
        mov     dx, BUS_MASTER + 4
        mov     eax, PRD_AT
        out     dx, eax
        mov     dx, BUS_MASTER + 2
        mov     al, 6
        out     dx, al
        popad
        ret

dma_read:
        call    place
        call    descriptors
        mov     bl, 0xc8
        call    command
        mov     dx, BUS_MASTER
        mov     al, 9
        out     dx, al
        call    network
        call    wait_disk
        mov     dx, BUS_MASTER
        xor     al, al
        out     dx, al
        mov     esi, BUFFER
        mov     ecx, 0x4000
        jmp     mix_block

dma_write:
        call    place
        call    descriptors
        call    rnd
        mov     [BUFFER], eax
        mov     bl, 0xca
        call    command
        mov     dx, BUS_MASTER
        mov     al, 1
        out     dx, al
        call    wait_disk
        mov     dx, BUS_MASTER
        xor     al, al
        out     dx, al
        ret

flush:  xor     eax, eax
        xor     ecx, ecx
        mov     bl, 0xe7
        call    command
        jmp     wait_disk

; Identify, set multiple, an unknown command, a read beyond the end, and the CD-ROM drive without a disc.
odd:    mov     ecx, .commands
.next:  mov     bl, [ecx]
        or      bl, bl
        jz      .cd
        push    ecx
        mov     eax, 0x0ffffff0
        mov     ecx, 8
        call    command
        call    poll_disk
        mov     dx, 0x1f1
        in      al, dx
        call    mix
        mov     ecx, 256
        mov     dx, 0x1f0
.data:  in      ax, dx
        call    mix
        loop    .data
        pop     ecx
        inc     ecx
        jmp     .next
.cd:    mov     dx, 0x176
        mov     al, 0xa0
        out     dx, al
        inc     dx
        mov     al, 0xa1
        out     dx, al
        in      al, dx
        call    mix
        mov     dx, 0x170
        mov     ecx, 256
.words: in      ax, dx
        call    mix
        loop    .words
        ret
.commands: db   0xec, 0xc6, 0xf3, 0x40, 0xef, 0xe5, 0

; A transfer that is cut off by a reset of the channel while the disk is still at it.
both:   call    place
        call    descriptors
        mov     bl, 0xc8
        call    command
        mov     dx, BUS_MASTER
        mov     al, 9
        out     dx, al
        call    network
        call    rnd
        test    al, 3
        jnz     .finish
        mov     dx, BUS_MASTER
        xor     al, al
        out     dx, al
        mov     dx, 0x3f6
        mov     al, 4
        out     dx, al
        in      al, dx
        xor     al, al
        out     dx, al
        in      al, dx
        jmp     mix
.finish:
        call    wait_disk
        mov     dx, BUS_MASTER
        xor     al, al
        out     dx, al
        ret

; The card's registers, all pages; what has come is read from the ring; a frame goes out.
network:
        pushad
        mov     edx, NIC
        mov     ecx, 16
.register:
        in      al, dx
        call    mix
        inc     edx
        loop    .register
        mov     eax, 0x4c00         ; a piece of the ring
        call    rnd
        and     eax, 0x1f00
        add     eax, 0x4c00
        mov     ecx, 256
        mov     bl, 0x0a
        call    .remote
        mov     dx, NIC + 0x10
        mov     ecx, 128
.in:    in      ax, dx
        call    mix
        loop    .in
        mov     dx, NIC + 3         ; the host has read up to where the card is
        mov     al, 0x62
        call    .page
        mov     dx, NIC + 7
        in      al, dx
        call    mix
        push    eax
        mov     al, 0x22
        call    .page
        pop     eax
        dec     al
        cmp     al, 0x4c
        jae     .boundary
        mov     al, 0x7f
.boundary:
        mov     dx, NIC + 3
        out     dx, al
        mov     eax, 0x4000         ; a frame of 64 to 127 bytes
        mov     ecx, 128
        mov     bl, 0x12
        call    .remote
        mov     dx, NIC + 0x10
        mov     ecx, 64
.out:   call    rnd
        out     dx, ax
        loop    .out
        mov     dx, NIC + 4
        mov     al, 0x40
        out     dx, al
        call    rnd
        and     al, 63
        add     al, 64
        inc     dx
        out     dx, al
        inc     dx
        xor     al, al
        out     dx, al
        mov     dx, NIC
        mov     al, 0x26
        out     dx, al
        popad
        ret
.page:  push    edx
        mov     dx, NIC
        out     dx, al
        pop     edx
        ret
.remote:                            ; remote DMA of ECX bytes at EAX, BL: which way
        push    eax
        mov     dx, NIC + 8
        out     dx, al
        inc     dx
        mov     al, ah
        out     dx, al
        inc     dx
        mov     al, cl
        out     dx, al
        inc     dx
        mov     al, ch
        out     dx, al
        mov     dx, NIC
        mov     al, bl
        out     dx, al
        pop     eax
        ret
