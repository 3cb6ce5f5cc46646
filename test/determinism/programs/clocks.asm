; Reads every clock there is, in tight loops: time-stamp counter, all counters of the timer, the real-time clock and its
; interrupts, the power-management timer, the local APIC, and the loops that calibrate one by another.

%include "runtime.asm"

setup:  mov     al, 0x0a            ; the real-time clock's periodic interrupt, 1024 Hz
        out     0x70, al
        mov     al, 0x26
        out     0x71, al
        mov     al, 0x0b
        out     0x70, al
        mov     al, 0x42
        out     0x71, al
        ret

program:
        mov     ecx, 200
.tsc:   rdtsc
        call    mix
        mov     eax, edx
        call    mix
        loop    .tsc
        rdtsc                       ; the same without a call between: compiled as one block
        mov     esi, eax
        xor     edi, edi
        mov     ecx, 500
.close: rdtsc
        sub     eax, esi
        rol     edi, 3
        xor     edi, eax
        dec     ecx
        jnz     .close
        mov     eax, edi
        call    mix
        call    timer
        call    one_shot
        call    date
        call    others
        ret

; Counter 0: latched, unlatched, by read-back; and how many readings go into a tick.
timer:  mov     ecx, 40
.latch: xor     eax, eax
        out     0x43, al
        in      al, 0x40
        mov     ah, al
        in      al, 0x40
        call    mix
        mov     al, 0xc2            ; read back status and count
        out     0x43, al
        in      al, 0x40
        call    mix
        in      al, 0x40
        call    mix
        in      al, 0x40
        call    mix
        in      al, 0x40            ; not latched
        call    mix
        in      al, 0x40
        call    mix
        dec     ecx
        jnz     .latch
        mov     ebx, [ticks]
        mov     ecx, 3000
.tick:  inc     edi
        cmp     [ticks], ebx
        jne     .ticked
        dec     ecx
        jnz     .tick
.ticked:
        mov     eax, edi
        call    mix
        ret

; Counter 2 in mode 0 with a random count, watched until its output rises.
one_shot:
        in      al, 0x61
        and     al, 0xfc
        or      al, 1
        out     0x61, al
        mov     al, 0xb0
        out     0x43, al
        call    rnd
        out     0x42, al
        mov     al, ah
        and     al, 3
        out     0x42, al
        mov     ecx, 2000
.wait:  in      al, 0x61
        test    al, 0x20
        jnz     .risen
        loop    .wait
.risen: mov     eax, ecx
        call    mix
        mov     al, 0x80
        out     0x43, al
        in      al, 0x42
        call    mix
        in      al, 0x42
        call    mix
        ret

; All registers of the real-time clock and its memory; then until its second changes, or a while.
date:   xor     ecx, ecx
.next:  mov     al, cl
        out     0x70, al
        in      al, 0x71
        call    mix
        inc     ecx
        cmp     ecx, 128
        jb      .next
        mov     al, 0
        out     0x70, al
        in      al, 0x71
        mov     bl, al
        mov     ecx, 300
.again: mov     al, 0x0a
        out     0x70, al
        in      al, 0x71
        call    mix
        mov     al, 0
        out     0x70, al
        in      al, 0x71
        cmp     al, bl
        jne     .new
        loop    .again
.new:   mov     eax, ecx
        call    mix
        ret

; The power-management timer (where some PCs have it), the local APIC, the counter as a register, random numbers.
others: mov     ecx, 20
.port:  mov     dx, 0xb008
        in      eax, dx
        call    mix
        mov     dx, 0x608
        in      eax, dx
        call    mix
        loop    .port
        mov     esi, 0xfee00000
        mov     ecx, 64
.apic:  mov     eax, [esi]
        call    mix
        add     esi, 16
        loop    .apic
        mov     ecx, 0x10
        rdmsr
        call    mix
        mov     ecx, 0x1b
        rdmsr
        call    mix
        xor     eax, eax
        cpuid
        call    mix
        mov     eax, 1
        cpuid
        call    mix
        mov     eax, ecx
        call    mix
        bt      ecx, 30
        jnc     .done
        rdrand  eax
        call    mix
        rdrand  ax
        call    mix
.done:  ret
