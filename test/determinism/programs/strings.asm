; String instructions of every kind: one, two and four wide, both directions, 16-bit addresses, overlapping, over page
; boundaries that are none in memory, into the screen's memory, and from and to ports.

%include "runtime.asm"

%define FIELD   WINDOW + 0x80000    ; 64 KiB, filled once
%define LENGTH_MAX 0x2fff

setup:  mov     edi, FIELD
        mov     ecx, 0x4000
.fill:  call    rnd
        and     eax, 0x03030303     ; so that comparisons find equal stretches
        stosd
        loop    .fill
        ret

program:
        mov     ecx, 24
.next:  push    ecx
        call    rnd
        and     eax, 7
        call    [.kinds + eax * 4]
        cld
        pop     ecx
        dec     ecx
        jnz     .next
        call    rnd
        and     eax, 0xf000
        lea     esi, [FIELD + eax]
        mov     ecx, 0x1000
        jmp     mix_block
.kinds: dd      moves, stores, compares, scans, loads, narrow, screen, ports

; ESI, EDI: anywhere in the field. ECX: a length. Direction: any; with 1, ESI and EDI far enough from the start.
draw:   call    rnd
        and     eax, LENGTH_MAX
        mov     ecx, eax
        call    rnd
        and     eax, 0xffff
        lea     esi, [FIELD + eax]
        call    rnd
        and     eax, 0xffff
        lea     edi, [FIELD + eax]
        call    rnd
        test    al, 1
        jz      .done
        std
.done:  call    rnd
        xor     edx, edx
        mov     ebx, 3
        div     ebx                 ; EDX: which width
        call    rnd
        ret

registers:
        pushfd
        pop     eax
        and     eax, 0xcd5
        call    mix
        mov     eax, ecx
        call    mix
        mov     eax, esi
        call    mix
        mov     eax, edi
        jmp     mix

%macro widths 4                     ; a prefix, then the instruction three wide
        call    draw
        jmp     [%%table + edx * 4]
%%table: dd     %%b, %%w, %%d
%%b:    %1      %2
        jmp     registers
%%w:    %1      %3
        jmp     registers
%%d:    %1      %4
        jmp     registers
%endmacro

moves:  widths  rep, movsb, movsw, movsd
stores: and     eax, 0x03030303
        widths  rep, stosb, stosw, stosd
compares:
        call    rnd
        test    al, 4
        jz      .equal
        widths  repne, cmpsb, cmpsw, cmpsd
.equal: widths  repe, cmpsb, cmpsw, cmpsd
scans:  call    rnd
        test    al, 4
        jz      .equal
        widths  repne, scasb, scasw, scasd
.equal: widths  repe, scasb, scasw, scasd
loads:  widths  rep, lodsb, lodsw, lodsd

; With 16-bit addresses the indexes and the counter wrap.
narrow: call    draw
        and     ecx, 0x7ff
        or      esi, 0x12340000     ; ignored
        jmp     [.table + edx * 4]
.table: dd      .b, .w, .d
.b:     a16     rep lodsb
        jmp     registers
.w:     a16     repne scasw
        jmp     registers
.d:     a16     repe cmpsd
        jmp     registers

; From and to video memory: text, and the planes.
screen: mov     esi, 0xb8000
        mov     edi, 0xb8000 + 160 * 4
        mov     ecx, 900
        rep     movsw
        lea     esi, [FIELD + 0x123]
        mov     edi, 0xb8000 + 3
        mov     ecx, 400
        rep     movsd
        mov     esi, 0xa0000
        mov     edi, 0xa0000 + 0x7f1
        mov     ecx, 200
        rep     movsb
        mov     esi, 0xb8000
        lea     edi, [FIELD + 0xff1]
        mov     ecx, 77
        rep     movsd
        mov     edi, 0xb8000
        mov     ecx, 500
        mov     ax, 0x0720
        repe    scasw
        jmp     registers

; A port's bytes into memory over a page boundary, and back.
ports:  mov     edi, FIELD + 0xff9
        mov     dx, 0x3da
        mov     ecx, 30
        rep     insb
        mov     dx, 0x61
        mov     ecx, 9
        rep     insw
        mov     esi, FIELD + 0xffe
        mov     dx, 0x80
        mov     ecx, 20
        rep     outsb
        mov     ecx, 5
        rep     outsd
        jmp     registers
