; Test guest: the serial line COM1, 115200 8N1, received by interrupt, sent by polling.
; Invariant: put_* keep all registers except flags.

        bits    32

%macro say 1+                       ; print a literal text
        push    esi
        mov     esi, %%text
        call    put_text
        pop     esi
        jmp     %%over
%%text: db      %1, 0
%%over:
%endmacro

setup_serial:
        mov     esi, .settings
.next:  movzx   edx, byte [esi]
        or      dl, dl
        jz      .done
        add     edx, 0x300
        mov     al, [esi + 1]
        out     dx, al
        add     esi, 2
        jmp     .next
.done:  ret
.settings:
        db      0xf9, 0, 0xfb, 0x80, 0xf8, 1, 0xf9, 0, 0xfb, 3, 0xfa, 7, 0xfc, 0x0b, 0xf9, 1, 0

; The next received byte in AL with the carry flag clear, or the carry flag set.
take_byte:
        push    ebx
        movzx   ebx, byte [rx_tail]
        cmp     bl, [rx_head]
        je      .none
        mov     al, [RX_RING + ebx]
        inc     byte [rx_tail]
        pop     ebx
        clc
        ret
.none:  pop     ebx
        stc
        ret

put_byte:                           ; AL
        push    edx
        push    eax
        mov     dx, 0x3fd
.wait:  in      al, dx
        test    al, 0x20
        jz      .wait
        pop     eax
        mov     dx, 0x3f8
        out     dx, al
        pop     edx
        ret

put_text:                           ; zero-terminated text at ESI
        push    eax
        push    esi
.next:  lodsb
        or      al, al
        jz      .done
        call    put_byte
        jmp     .next
.done:  pop     esi
        pop     eax
        ret

put_line_end:
        say     13, 10
        ret

put_hex32:                          ; EAX, eight digits
        push    ecx
        mov     ecx, 8
        jmp     put_hex
put_hex8:                           ; AL, two digits
        push    ecx
        mov     ecx, 2
        ror     eax, 8
        call    put_hex.digits
        pop     ecx
        ret
put_hex:
        call    .digits
        pop     ecx
        ret
.digits:                            ; the ECX topmost digits of EAX; EAX is rotated by as many
        rol     eax, 4
        push    eax
        and     al, 15
        cmp     al, 10
        sbb     al, 0x69            ; the digit in ASCII
        das
        or      al, 0x20            ; lower case
        call    put_byte
        pop     eax
        loop    .digits
        ret
