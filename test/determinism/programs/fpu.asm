; Floating point on the hardest operands: NaNs of both kinds with payloads, denormals, infinities, zeros, random bits;
; all rounding modes and precisions; x87, SSE, SSE2, MMX; and hashes of what fnsave, fxsave and the status words say.

%define REPORT_EVERY 4
%include "runtime.asm"

%define AREA    WINDOW + 0x8000     ; 512 bytes, aligned
%define OPERANDS (special.end - special) / 8

setup:  ret

program:
        call    rnd                 ; masked exceptions, any rounding and precision
        and     eax, 0x0f00
        or      eax, 0x007f
        mov     [control], ax
        call    rnd
        and     eax, 0xe040         ; rounding, flush to zero, denormals are zeros
        or      eax, 0x1f80
        mov     [mxcsr], eax
        ldmxcsr [mxcsr]
        fninit
        fldcw   [control]
        mov     ecx, 60
.next:  call    choose
        push    ecx
        call    x87
        call    sse
        call    mmx
        pop     ecx
        dec     ecx
        jnz     .next
        call    transcendental
        call    images
        jmp     unmasked

; Two operands: special ones, or random bits. Each 64 bits; the singles are within them.
choose: mov     edi, first
        call    .one
        mov     edi, second
.one:   call    rnd
        test    eax, 0x10000
        jnz     .bits
        xor     edx, edx
        mov     ebx, OPERANDS
        div     ebx
        mov     eax, [special + edx * 8]
        mov     [edi], eax
        mov     eax, [special + edx * 8 + 4]
        mov     [edi + 4], eax
        ret
.bits:  call    rnd
        mov     [edi], eax
        call    rnd
        mov     [edi + 4], eax
        ret

%macro both 1                       ; st0 = first op second, both ways and from memory; kept as it is
        fld     qword [second]
        fld     qword [first]
        %1      st0, st1
        call    keep
        fld     dword [first + 4]
        %1      qword [second]
        call    keep
        fld     tword [first]
        %1      dword [second]
        call    keep
        fstp    st0
%endmacro

x87:    both    fadd
        both    fsub
        both    fsubr
        both    fmul
        both    fdiv
        both    fdivr
        fld     qword [first]
        fsqrt
        call    keep
        fld     qword [first]
        frndint
        call    keep
        fld     qword [second]
        fld     qword [first]
        fprem
        call    keep
        fld     qword [first]
        fprem1
        call    keep
        fld     qword [first]
        fscale
        call    keep
        fstp    st0
        fld     qword [first]
        fxtract
        call    keep
        call    keep
        fld     qword [second]
        fld     qword [first]
        fucom
        call    status
        fxam
        call    status
        fcomip  st0, st1
        pushfd
        pop     eax
        and     eax, 0x45
        call    mix
        fist    dword [result]
        fistp   qword [result]
        mov     esi, result
        mov     ecx, 8
        call    mix_block
        fld     qword [first]
        fbstp   [result]
        mov     esi, result
        mov     ecx, 8
        call    mix_block
        fld     qword [first]
        fst     dword [result]
        fstp    qword [result + 4]
        mov     esi, result
        mov     ecx, 12
        jmp     mix_block

; Pops the top into the sum, all 80 bits.
keep:   fstp    tword [result]
        push    esi
        push    ecx
        mov     esi, result
        mov     ecx, 12
        call    mix_block
        pop     ecx
        pop     esi
status: fnstsw  ax
        movzx   eax, ax
        jmp     mix

%macro packed 1-*                   ; xmm0 = first op second, for each operation
%rep %0
        movups  xmm0, [first]
        movups  xmm1, [second]
        %1      xmm0, xmm1
        call    keep_xmm
%rotate 1
%endrep
%endmacro

sse:    packed  addps, subps, mulps, divps, minps, maxps, sqrtps, rsqrtps, rcpps
        packed  addss, subss, mulss, divss, minss, maxss, sqrtss, rsqrtss, rcpss
        packed  addpd, subpd, mulpd, divpd, minpd, maxpd, sqrtpd
        packed  addsd, subsd, mulsd, divsd, minsd, maxsd, sqrtsd
        packed  cvtps2pd, cvtpd2ps, cvtss2sd, cvtsd2ss, cvtdq2ps, cvtdq2pd
        packed  cvtps2dq, cvttps2dq, cvtpd2dq, cvttpd2dq
        packed  cmpeqps, cmpltps, cmpleps, cmpunordps, cmpneqsd, cmpnltsd, cmpnlepd, cmpordpd
        cvtss2si eax, [first]
        call    mix
        cvttsd2si eax, [first]
        call    mix
        movsd   xmm0, [first]
        ucomisd xmm0, [second]
        pushfd
        pop     eax
        and     eax, 0x45
        call    mix
        movss   xmm0, [first]
        comiss  xmm0, [second]
        pushfd
        pop     eax
        and     eax, 0x45
        call    mix
        stmxcsr [result]
        mov     eax, [result]
        jmp     mix
keep_xmm:
        movups  [result], xmm0
        mov     esi, result
        mov     ecx, 16
        jmp     mix_block

mmx:    movq    mm0, [first]
        movq    mm1, [second]
        paddsw  mm0, mm1
        pmaddwd mm0, mm1
        packsswb mm1, mm0
        psrlq   mm1, 3
        movq    [result], mm0
        movq    [result + 8], mm1
        cvtpi2ps xmm0, mm1
        cvtps2pi mm3, [second]
        fxsave  [AREA]
        emms
        mov     esi, result
        mov     ecx, 16
        jmp     mix_block

transcendental:
        mov     ecx, 20
.next:  call    choose
        push    ecx
%macro of_one 1-*
%rep %0
        fld     qword [first]
        %1
        call    keep
%rotate 1
%endrep
%endmacro
        of_one  fsin, fcos, f2xm1
        fld     qword [first]
        fptan
        fstp    st0
        call    keep
        fninit
        fld     qword [first]
        fsincos
        call    keep
        call    keep
        fld     qword [first]
        fld     qword [second]
        fpatan
        call    keep
        fld     qword [first]
        fld     qword [second]
        fyl2x
        call    keep
        fld     qword [first]
        fld     qword [second]
        fyl2xp1
        call    keep
        fninit
        fldcw   [control]
        pop     ecx
        dec     ecx
        jnz     .next
        ret

; The unit's images: all registers, pointers and words.
images: fld     qword [first]
        fldpi
        fld     tword [second]
        movups  xmm5, [first]
        fxsave  [AREA]
        mov     esi, AREA
        mov     ecx, 512
        call    mix_block
        fnsave  [AREA]
        mov     esi, AREA
        mov     ecx, 108
        call    mix_block
        frstor  [AREA]
        fnstenv [AREA]
        mov     esi, AREA
        mov     ecx, 28
        call    mix_block
        fldenv  [AREA]
        fninit
        fxsave  [AREA]
        fxrstor [AREA]
        ret

; Exceptions that are not masked: they come as #MF at the next instruction.
unmasked:
        mov     dword [resume], .after
        mov     word [control], 0x0340
        fninit
        fldcw   [control]
        fld     qword [special]
        fld1
        fdivrp
        fwait
.after: fninit
        mov     dword [resume], 0
        ret

control: dw     0
        align   16
first:  dq      0, 0x3ff8000000000001
second: dq      0, 0xc01234567fc00001
result: times   32 db 0
mxcsr:  dd      0x1f80
        align   8
special:
        dq      0, 0x8000000000000000, 0x3ff0000000000000, 0xbff0000000000000
        dq      0x7ff0000000000000, 0xfff0000000000000  ; infinities
        dq      0x7ff8000000000001, 0xfff8dead0000beef  ; quiet NaNs
        dq      0x7ff0000000000001, 0xfff4cafe00000000  ; signalling ones
        dq      0x0000000000000001, 0x800fffffffffffff  ; denormals
        dq      0x7fefffffffffffff, 0x0010000000000000, 0x43e0000000000000, 0x41dfffffffc00000
        dq      0x7fc000017f800001, 0xffc00002ff800003  ; singles: NaNs
        dq      0x7f800000ff800000, 0x0000000100000080  ; infinities, denormals
        dq      0x3fe0000000000000, 0x3fd5555555555555, 0x400921fb54442d18, 0x4415af1d78b58c40
.end:
