; Interrupts as fast as they come: the timer at changing high rates, the real-time clock at 8192 Hz, software interrupts,
; the serial line talking to itself, bytes put into the keyboard controller, handlers that are interrupted themselves,
; masks and priorities that change, and sleeping in between; with what arrives from outside on top.

%define PIT_DIVISOR 60
%define REPORT_EVERY 16
%include "runtime.asm"

setup:  mov     dword [irq_hook], hook
        mov     al, 0x0a
        out     0x70, al
        mov     al, 0x23            ; 8192 Hz
        out     0x71, al
        mov     al, 0x0b
        out     0x70, al
        mov     al, 0x52            ; periodic, and at the end of a second
        out     0x71, al
        mov     dx, 0x3f9
        mov     al, 0x0f
        out     dx, al
        ret

depth:  dd      0

; Lets others in, two deep.
hook:   cmp     dword [depth], 2
        jae     .done
        inc     dword [depth]
        push    eax
        mov     al, 0x20
        out     0x20, al
        sti
        mov     ecx, 30
.wait:  dec     ecx
        jnz     .wait
        cli
        pop     eax
        dec     dword [depth]
.done:  ret

program:
        mov     ecx, 64             ; an edge may have been lost between nested handlers
.take:  mov     dx, 0x3fd
        in      al, dx
        test    al, 1
        jz      .taken
        mov     dx, 0x3f8
        in      al, dx
        call    mix
        loop    .take
.taken: call    rnd
        and     eax, 7
        jmp     [.kinds + eax * 4]
.kinds: dd      calls, rates, masks, sleeps, controller, serial, flags, busy

calls:  mov     ecx, 300
.next:  int     0x40
        int     0x45
        mov     eax, .user
        test    ecx, 31
        jnz     .same
        call    in_user
.same:  dec     ecx
        jnz     .next
        ret
.user:  mov     edx, 50
.again: int     0x43
        dec     edx
        jnz     .again
        int     INT_LEAVE

; Another rate, another mode.
rates:  cli
        call    rnd
        mov     edx, eax
        mov     al, 0x34
        test    dl, 1
        jz      .mode
        mov     al, 0x36
.mode:  out     0x43, al
        mov     eax, edx
        shr     eax, 8
        or      al, 40
        out     0x40, al
        mov     al, dh
        and     al, 1
        out     0x40, al
        sti
        jmp     busy

masks:  mov     ecx, 40
.next:  call    rnd
        and     al, 0xfb
        out     0x21, al
        mov     al, ah
        out     0xa1, al
        mov     edx, 100
.wait:  dec     edx
        jnz     .wait
        in      al, 0x21
        call    mix
        mov     al, 0x0a            ; what is asked for, what is being served
        out     0x20, al
        in      al, 0x20
        call    mix
        mov     al, 0x0b
        out     0x20, al
        in      al, 0x20
        call    mix
        dec     ecx
        jnz     .next
        xor     eax, eax
        out     0x21, al
        out     0xa1, al
        mov     al, 0x0a
        out     0x20, al
        ret

sleeps: mov     ecx, 8
.next:  sti
        hlt
        rdtsc
        call    mix
        mov     eax, [irq_sum]
        call    mix
        loop    .next
        ret

; Bytes that the controller gives back as if a key had been pressed, or the mouse been moved.
controller:
        mov     ecx, 10
.next:  mov     al, 0xd2
        test    cl, 1
        jz      .key
        mov     al, 0xd3
.key:   out     0x64, al
        call    rnd
        out     0x60, al
        in      al, 0x64
        call    mix
        mov     al, 0xf2            ; who are you?
        out     0x60, al
        loop    .next
        ret

; A line that hears itself, and says when it can send.
serial: mov     dx, 0x3fc
        mov     al, 0x1b
        out     dx, al
        mov     ecx, 50
.next:  mov     dx, 0x3f8
        mov     al, cl
        out     dx, al
        mov     dx, 0x3f9
        mov     al, cl
        and     al, 0x0f
        or      al, 1
        out     dx, al
        mov     dx, 0x3fd
        in      al, dx
        call    mix
        mov     dx, 0x3fe
        in      al, dx
        call    mix
        loop    .next
        mov     dx, 0x3fc
        mov     al, 0x0b
        out     dx, al
        ret

; Interrupts on and off in every way.
flags:  mov     ecx, 300
.next:  cli
        nop
        sti
        nop
        pushfd
        cli
        popfd
        pushfd
        or      dword [esp], 0x200
        popfd
        mov     ax, KERNEL_DATA
        cli
        mov     ss, ax
        sti
        mov     eax, [irq_sum]
        call    mix
        dec     ecx
        jnz     .next
        ret

; Where it is interrupted can be seen in what the handlers add up.
busy:   mov     ecx, 4000
        xor     eax, eax
.next:  add     eax, ecx
        rol     eax, 1
        dec     ecx
        jnz     .next
        add     eax, [irq_sum]
        jmp     mix
