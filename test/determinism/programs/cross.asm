; Everything over page boundaries: instructions, operands and stacks. Neighbouring pages of the window lie apart in
; memory, so whoever forgets the boundary reads something else.

%define REPORT_EVERY 2
%include "runtime.asm"

%define EDGE    WINDOW + 0x21000
%define STACK2  WINDOW + 0x31000
%define CODE_EDGE WINDOW + 0x41000

setup:  ret

program:
        mov     edi, EDGE - 64
        mov     ecx, 32
.fill:  call    rnd
        stosd
        loop    .fill
        call    code
        call    operands
        call    stacks
        ret

; A blob of all kinds of instructions, laid over the boundary at every offset.
code:   mov     ebx, blob.end - blob
.place: mov     edi, CODE_EDGE
        sub     edi, ebx
        mov     edx, edi
        mov     esi, blob
        mov     ecx, blob.end - blob
        rep     movsb
        push    ebx
        mov     ecx, 30
.run:   push    ecx
        mov     esi, EDGE - 2
        mov     eax, ecx
        mov     ebx, edx
        call    ebx
        call    mix
        pop     ecx
        dec     ecx
        jnz     .run
        pop     ebx
        sub     ebx, 1
        jnz     .place
        ret
blob:   push    edx
        imul    eax, eax, 0x01000193
        add     dword [esi + 0], 0x12345678
        lock    xadd [esi - 1], eax
        mov     edx, [esi + 0x00000001]
        test    dword [esi], 0x80000001
        setc    dl
        cmovz   eax, edx
        shld    [esi], eax, 7
        bswap   edx
        lea     eax, [eax + edx * 4 + 0x11111111]
        cmp     eax, 0x7fffffff
        ja      near .over
        mov     word [esi], 0x1234
        rol     dword [esi], 5
.over:  movq    xmm0, [esi]
        paddd   xmm0, xmm0
        movd    edx, xmm0
        xor     eax, edx
        fild    qword [esi - 3]
        fistp   qword [esi - 3]
        fs      adc eax, [esi]
        pop     edx
        ret
.end:

; Loads, stores and read-modify-writes of every width at every distance from the boundary.
operands:
        mov     ebx, 17
.place: mov     esi, EDGE
        sub     esi, ebx
        mov     ecx, 60
.again: mov     ax, [esi]
        call    mix
        mov     eax, [esi]
        call    mix
        add     [esi], ecx
        adc     word [esi + 1], 0x7fff
        xchg    [esi], eax
        cmpxchg [esi + 2], ecx
        push    ebx
        push    ecx
        mov     eax, [esi]
        mov     edx, [esi + 4]
        mov     ebx, ecx
        lock    cmpxchg8b [esi]
        pop     ecx
        pop     ebx
        fld     tword [esi]
        fstp    tword [esi + 3]
        fld     qword [esi]
        fstp    qword [esi + 1]
        movups  xmm1, [esi]
        pxor    xmm1, xmm0
        movups  [esi + 1], xmm1
        movq    mm0, [esi]
        paddb   mm0, mm0
        movq    [esi - 1], mm0
        emms
        bts     [esi], ecx
        btc     dword [esi], 31
        shrd    [esi], ecx, 3
        sgdt    [esi]
        mov     eax, [esi + 1]
        call    mix
        dec     ecx
        jnz     .again
        mov     esi, EDGE - 64
        push    ebx
        mov     ecx, 128
        call    mix_block
        pop     ebx
        dec     ebx
        jnz     .place
        ret

; Calls, pushes, frames and interrupts with the stack over the boundary.
stacks: mov     ebx, 72
.place: cli
        mov     [.saved], esp
        mov     esp, STACK2
        add     esp, ebx
        sti
        mov     ecx, 20
.again: push    ecx
        push    word 0x1234
        pushad
        call    .leaf
        popad
        pop     ax
        mov     ebp, esp            ; nested frames are copied from here
        add     ebp, 16
        enter   24, 3
        mov     [ebp - 4], ecx
        leave
        int     0x41
        pushfd
        popfd
        push    dword [STACK2]
        pop     dword [EDGE - 2]
        pop     ecx
        dec     ecx
        jnz     .again
        cli
        mov     esp, [.saved]
        sti
        mov     esi, STACK2 - 128
        mov     ecx, 256
        call    mix_block
        dec     ebx
        jnz     .place
        ret
.leaf:  mov     eax, [esp]
        call    mix
        ret     0
.saved: dd      0
