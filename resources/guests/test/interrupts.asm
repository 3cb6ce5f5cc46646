; Test guest: interrupt table, interrupt controllers, timer, and the handlers.
; Invariant: a handler keeps all registers, never waits, and acknowledges its interrupt; what it learns goes to a
; counter or to a ring that only it writes.

        bits    32

%define TIMER_DIVISOR 11932         ; 1193182 Hz / 11932 = 99.998 Hz

ticks:          dd 0                ; timer interrupts since the start
halts:          dd 0                ; times that the main loop went idle
disk_signals:   dd 0                ; disk interrupts
rx_head:        db 0                ; next place to fill; rings hold 255 and drop what comes on top
rx_tail:        db 0                ; next byte to take
key_head:       db 0
key_tail:       db 0

; Fill the table, move the controllers' interrupts to 0x20-0x2f, start the timer, open the lines that we use.
setup_interrupts:
        mov     edi, IDT_AT
        mov     ecx, 48
.fill:  mov     eax, on_other
        call    set_gate
        loop    .fill
        mov     edi, IDT_AT + 0x20 * 8
        mov     eax, on_timer
        call    set_gate
        mov     eax, on_key
        call    set_gate
        mov     edi, IDT_AT + 0x24 * 8
        mov     eax, on_serial
        call    set_gate
        mov     edi, IDT_AT + 0x2e * 8
        mov     eax, on_disk
        call    set_gate
        mov     al, 0x11            ; both controllers: begin, offsets, wiring, 8086 mode
        out     0x20, al
        out     0xa0, al
        mov     al, 0x20
        out     0x21, al
        mov     al, 0x28
        out     0xa1, al
        mov     al, 4
        out     0x21, al
        mov     al, 2
        out     0xa1, al
        mov     al, 1
        out     0x21, al
        out     0xa1, al
        mov     al, 0xe8            ; open: 0 timer, 1 keyboard, 2 cascade, 4 serial
        out     0x21, al
        mov     al, 0xbf            ; open: 14 disk
        out     0xa1, al
        mov     al, 0x34            ; timer 0, rate generator
        out     0x43, al
        mov     al, TIMER_DIVISOR & 0xff
        out     0x40, al
        mov     al, TIMER_DIVISOR >> 8
        out     0x40, al
        in      al, 0x60            ; a key left over would block the keyboard's line
        ret

; One interrupt gate at EDI for the handler EAX; moves EDI on.
set_gate:
        mov     [edi], ax
        mov     word [edi + 2], CODE32
        mov     word [edi + 4], 0x8e00
        shr     eax, 16
        mov     [edi + 6], ax
        add     edi, 8
        ret

on_timer:
        pushad
        inc     dword [ticks]
        call    screen_tick
        jmp     end_first
on_key: pushad
        in      al, 0x60
        movzx   ebx, byte [key_head]
        mov     [KEY_RING + ebx], al
        inc     bl
        cmp     bl, [key_tail]
        je      end_first
        mov     [key_head], bl
        jmp     end_first
on_serial:
        pushad
.more:  mov     dx, 0x3fd
        in      al, dx
        test    al, 1
        jz      .done
        mov     dx, 0x3f8
        in      al, dx
        movzx   ebx, byte [rx_head]
        mov     [RX_RING + ebx], al
        inc     bl
        cmp     bl, [rx_tail]
        je      .more
        mov     [rx_head], bl
        jmp     .more
.done:  mov     dx, 0x3fa
        in      al, dx
end_first:
        mov     al, 0x20
        out     0x20, al
        popad
        iretd
on_disk:
        pushad
        inc     dword [disk_signals]
        mov     dx, 0x1f7           ; reading the status takes the request away
        in      al, dx
        mov     al, 0x20
        out     0xa0, al
        jmp     end_first
on_other:                           ; nothing should come here; be quiet rather than die
        iretd
