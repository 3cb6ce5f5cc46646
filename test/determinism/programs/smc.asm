; Code that changes code: right ahead of itself, in its own page while that is data in the same loop, across pages,
; through another mapping of the same page, by string instructions, by changing the page table, and code that is made
; up at random and run until it is compiled.

%define REPORT_EVERY 2
%include "runtime.asm"

%define ARENA   WINDOW + 0x10000
%define ARENA2  ALIAS + 0x10000     ; the same memory
%define SWAPPED WINDOW + 0x40000

setup:  ret

program:
        call    ahead
        call    own_page
        call    across
        call    through_alias
        call    by_string
        call    by_mapping
        call    made_up
        ret

; Patches the instruction that comes next, in a hot loop.
ahead:  mov     ecx, 600
        xor     esi, esi
.next:  mov     [.here + 1], cl
        mov     byte [.here + 2], 0x12
.here:  mov     eax, 0x11223344
        add     esi, eax
        mov     edx, ecx
        and     edx, 3
        mov     dl, [.choices + edx]
        mov     [.op], dl
.op:    inc     esi                 ; or what .choices says
        dec     ecx
        jnz     .next
        mov     eax, esi
        jmp     mix
.choices:
        db      0x46, 0x4e, 0x90, 0x40 ; inc esi, dec esi, nop, inc eax

; A counter in the page of the code that counts.
own_page:
        mov     ecx, 2000
.next:  add     dword [.count], ecx
        rol     dword [.count], 1
        mov     eax, [.count]
        xor     eax, ecx
        dec     ecx
        jnz     .next
        jmp     mix
        align   4
.count: dd      1

; mov eax, imm32; ret, with the page boundary at each place in it, patched on both sides.
across: mov     ebx, 1
.place: mov     edi, ARENA + 0x3000
        sub     edi, ebx
        mov     ecx, 40
.again: mov     byte [edi], 0xb8
        call    rnd
        mov     [edi + 1], eax
        mov     byte [edi + 5], 0xc3
        call    edi
        call    mix
        inc     byte [edi + 4]
        call    edi
        call    mix
        dec     ecx
        jnz     .again
        inc     ebx
        cmp     ebx, 7
        jb      .place
        ret

; A loop in one page, made hot, then changed through the other mapping and through the physical address.
through_alias:
        mov     esi, template
        mov     edi, ARENA + 0x5100
        mov     ecx, template.end - template
        rep     movsb
        mov     ebx, 30
.next:  call    rnd
        mov     [ARENA2 + 0x5100 + template.value - template], eax
        mov     eax, ARENA + 0x5100
        call    eax
        call    mix
        mov     eax, (ARENA - WINDOW + 0x5000) >> 12
        imul    eax, eax, SCATTER
        and     eax, 1023
        add     eax, WINDOW_FRAME
        shl     eax, 12
        mov     [eax + 0x100 + template.value - template], ebx
        mov     eax, ARENA2 + 0x5100
        call    eax
        call    mix
        dec     ebx
        jnz     .next
        ret
template:
        mov     ecx, 400
        xor     eax, eax
.loop:  add     eax, 0x01020304
.value: equ     $ - 4
        rol     eax, 3
        dec     ecx
        jnz     .loop
        ret
.end:

; rep movsb over the place that runs next, and rep stosb over a hot function's tail.
by_string:
        mov     ebx, 20
.next:  mov     edi, .target
        mov     esi, .one
        test    bl, 1
        jz      .copy
        mov     esi, .two
.copy:  mov     ecx, .two - .one
        rep     movsb
.target:
        times   8 nop
        call    mix
        mov     edi, ARENA + 0x7ff0
        mov     al, 0x40            ; inc eax, sixteen and up to sixteen more in the next page
        lea     ecx, [ebx + 16]
        rep     stosb
        mov     byte [edi], 0xc3
        xor     eax, eax
        mov     edx, ARENA + 0x7ff0
        mov     ecx, 100
.hot:   call    edx
        dec     ecx
        jnz     .hot
        call    mix
        dec     ebx
        jnz     .next
        ret
.one:   mov     eax, 0x31415926
        add     eax, ebx
        nop
.two:   mov     eax, 0x27182818
        sub     eax, ebx
        nop

; Two pages of code take turns at one address.
by_mapping:
        mov     edi, SWAPPED
        mov     esi, template
        mov     ecx, template.end - template
        rep     movsb
        mov     edi, SWAPPED + 0x1000
        mov     esi, template
        mov     ecx, template.end - template
        rep     movsb
        call    rnd
        mov     [SWAPPED + 0x1000 + template.value - template], eax
        mov     ebx, 40
.next:  mov     eax, [WINDOW_PT + ((SWAPPED - WINDOW) >> 12) * 4]
        xchg    eax, [WINDOW_PT + ((SWAPPED - WINDOW) >> 12) * 4 + 4]
        mov     [WINDOW_PT + ((SWAPPED - WINDOW) >> 12) * 4], eax
        invlpg  [SWAPPED]
        invlpg  [SWAPPED + 0x1000]
        mov     eax, SWAPPED
        call    eax
        call    mix
        test    bl, 7
        jnz     .same
        mov     eax, cr3
        mov     cr3, eax
.same:  dec     ebx
        jnz     .next
        ret

; A loop of up to 60 random instructions, run often enough to be compiled, and again after one of them was changed.
made_up:
        call    rnd
        and     eax, 0x1ffff
        mov     ebx, eax
        lea     edi, [ARENA + 0x10000 + ebx]
        push    edi
        mov     byte [edi], 0xb9    ; mov ecx, 3000
        mov     dword [edi + 1], 3000
        add     edi, 5
        push    edi
        call    rnd
        and     eax, 31
        lea     ebx, [eax + 20]
.emit:  call    rnd
        and     eax, 15
        movzx   edx, byte [.opcodes + eax]
        cmp     dl, 0x81
        je      .immediate
        cmp     dl, 0xc1
        je      .shift
        mov     [edi], dl           ; register forms: mod 11, both of eax, edx, ebx, ebp (1: ecx and 4: esp are kept)
        call    .register
        mov     dh, al
        call    .register
        shl     al, 3
        or      al, dh
        or      al, 0xc0
        mov     [edi + 1], al
        add     edi, 2
        jmp     .emitted
.immediate:
        mov     [edi], dl
        call    .register
        mov     dh, al
        call    rnd
        and     al, 0x38
        or      al, dh
        or      al, 0xc0
        mov     [edi + 1], al
        call    rnd
        mov     [edi + 2], eax
        add     edi, 6
        jmp     .emitted
.shift: mov     [edi], dl
        call    .register
        mov     dh, al
        call    rnd
        and     al, 0x38
        or      al, dh
        or      al, 0xc0
        mov     [edi + 1], al
        call    rnd
        mov     [edi + 2], al
        add     edi, 3
.emitted:
        dec     ebx
        jnz     .emit
        mov     byte [edi], 0x49    ; dec ecx
        mov     word [edi + 1], 0x850f ; jnz the beginning
        pop     eax
        sub     eax, edi
        sub     eax, 7
        mov     [edi + 3], eax
        mov     byte [edi + 7], 0xc3
        pop     edi
        call    .run
        inc     byte [edi + 6]      ; another register, or another operation
        and     byte [edi + 6], 0xd2 ; of eax and edx: a changed ecx would loop for ever
        or      byte [edi + 6], 0xc0
        call    .run
.run:   push    edi
        mov     eax, 1
        mov     edx, 2
        mov     ebx, 3
        mov     ebp, 5
        call    edi
        pushfd
        call    mix
        mov     eax, edx
        call    mix
        mov     eax, ebx
        call    mix
        mov     eax, ebp
        call    mix
        pop     eax
        and     eax, 0xcd5          ; arithmetic flags
        call    mix
        pop     edi
        ret
.register:
        call    rnd
        and     eax, 3
        mov     al, [.registers + eax]
        ret
.registers:
        db      0, 2, 3, 5
.opcodes:
        db      0x01, 0x09, 0x11, 0x19, 0x21, 0x29, 0x31, 0x39, 0x85, 0x87, 0x03, 0x2b, 0x81, 0x81, 0xc1, 0xc1
