; Test guest: the VGA screen. A text page with a tick counter, and a moving picture in mode 13h.
; Invariant: video memory is written by one writer at a time: the timer handler in text mode, the main loop in graphics.

        bits    32

%define TEXT_AT         0xb8000
%define PICTURE_AT      0xa0000
%define COUNTER_AT      (TEXT_AT + (2 * 80 + 6) * 2)

graphics:       db 0                ; 1 in mode 13h
drawn_tick:     dd 0                ; tick of the last frame

page:   db      0, 'LOCKSTEP TEST GUEST', 0
        db      2, 'ticks', 0
        db      4, 'serial commands:', 0
        db      5, ' t clocks  c counter  e echo  b busy  i idle', 0
        db      6, ' r read sector  w write sector  g graphics  x text', 0
        db      0xff

draw_page:
        mov     esi, page
.line:  movzx   eax, byte [esi]
        inc     esi
        cmp     al, 0xff
        je      .done
        imul    eax, eax, 160
        lea     edi, [TEXT_AT + eax]
        mov     ah, 0x07
.next:  lodsb
        or      al, al
        jz      .line
        stosw
        jmp     .next
.done:  mov     eax, [ticks]
        jmp     draw_counter

; Called by the timer handler: the counter on the text page, every tenth tick.
screen_tick:
        cmp     byte [graphics], 0
        jne     .done
        mov     eax, [ticks]
        xor     edx, edx
        mov     ecx, 10
        div     ecx
        or      edx, edx
        jnz     .done
        mov     eax, [ticks]
        jmp     draw_counter
.done:  ret

draw_counter:                       ; EAX as eight hexadecimal digits
        mov     edi, COUNTER_AT
        mov     ecx, 8
.next:  rol     eax, 4
        mov     edx, eax
        and     edx, 15
        mov     dl, [.digits + edx]
        mov     dh, 0x0f
        mov     [edi], dx
        add     edi, 2
        loop    .next
        ret
.digits: db '0123456789abcdef'

graphics_on:
        cmp     byte [graphics], 0
        jne     .done
        mov     byte [graphics], 1
        mov     al, 0x13
        call    set_video_mode
.done:  ret

graphics_off:
        cmp     byte [graphics], 0
        je      .done
        mov     al, 0x03
        call    set_video_mode
        call    draw_page
        mov     byte [graphics], 0
.done:  ret

; One frame: colour = (x xor y) + tick, four pixels at a time.
draw_frame:
        pushad
        mov     edi, PICTURE_AT
        xor     ebp, ebp            ; y
        imul    ebx, [ticks], 0x01010101
        and     ebx, 0x3f3f3f3f
.row:   imul    edx, ebp, 0x01010101
        mov     eax, 0x03020100     ; x of four pixels
        mov     ecx, 80
.four:  mov     esi, eax
        xor     esi, edx
        and     esi, 0x3f3f3f3f     ; sums of two 6-bit numbers stay within their byte
        add     esi, ebx
        mov     [edi], esi
        add     edi, 4
        add     eax, 0x04040404
        and     eax, 0x3f3f3f3f
        loop    .four
        inc     ebp
        cmp     ebp, 200
        jb      .row
        popad
        ret
