; What every torture program begins with: a boot sector that loads the first 54 sectors of the floppy, 32-bit protected
; mode with paging, an interrupt table, and the loop that calls `program` for ever and reports on COM1.
; Invariant: everything that a program and its interrupts see (values, faulting addresses, interrupted addresses, time)
; goes into `sum` and `irq_sum`, so a difference anywhere spreads to memory for good.
;
; A program defines `program` (one round; may change all registers but ESP), may define PIT_DIVISOR and REPORT_EVERY
; before it includes this file, and may set fault_hook and irq_hook in `setup`.

%define IDT_AT      0x1000          ; 80 gates
%define TSS_AT      0x1800
%define STACK_TOP   0x7c00
%define PD_AT       0x10000         ; page directory, then tables
%define LOW_PT      0x11000         ; the first 8 MiB, where they are
%define WINDOW_PT   0x13000
%define ALIAS_PT    0x14000
%define HIGH_PT     0x15000         ; 0xfec00000: where local APIC and I/O APIC would be
%define SPARE_AT    0x20000         ; to 0x90000: for the program
%define WINDOW      0x40000000      ; 1024 pages; neighbours are no neighbours in memory
%define ALIAS       0x40400000      ; the same pages again
%define WINDOW_FRAME 0x200          ; their first page frame
%define SCATTER     37              ; page i of the window is frame 0x200 + (37 i mod 1024)
%define KERNEL_CODE 0x08
%define KERNEL_DATA 0x10
%define USER_CODE   0x1b
%define USER_DATA   0x23
%define USER_STACK  0x1f000
%define GATES       80
%define INT_LEAVE   0x4f            ; from user code back to the caller of in_user

%ifndef PIT_DIVISOR
%define PIT_DIVISOR 1193
%endif
%ifndef REPORT_EVERY
%define REPORT_EVERY 64             ; a power of two
%endif

; The frame that hooks get in EBP.
%define F_EDI       ebp + 8
%define F_ESI       ebp + 12
%define F_ECX       ebp + 32
%define F_EAX       ebp + 36
%define F_VECTOR    ebp + 40
%define F_ERROR     ebp + 44
%define F_EIP       ebp + 48
%define F_FLAGS     ebp + 56

        org     0x7c00
        bits    16

start:  cli
        cld
        xor     ax, ax
        mov     ds, ax
        mov     es, ax
        mov     ss, ax
        mov     sp, STACK_TOP
        jmp     0:.flat
.flat:  mov     [drive], dl
        mov     si, tracks
.track: mov     di, 3               ; a floppy may need another try
.again: mov     ax, [si]
        mov     cx, [si + 2]
        mov     bx, [si + 4]
        mov     dh, [si + 6]
        mov     dl, [drive]
        int     0x13
        jnc     .next
        xor     ah, ah
        mov     dl, [drive]
        int     0x13
        dec     di
        jnz     .again
.stop:  hlt
        jmp     .stop
.next:  add     si, 7
        cmp     si, tracks.end
        jb      .track
        mov     ax, 0x0003          ; 80x25 text
        int     0x10
        cli
        in      al, 0x92
        or      al, 2
        out     0x92, al
        lgdt    [gdt_pointer]
        mov     eax, cr0
        or      al, 1
        mov     cr0, eax
        jmp     KERNEL_CODE:main32

drive:  db      0
tracks: dw      0x0211, 0x0002, 0x7e00
        db      0
        dw      0x0212, 0x0001, 0xa000
        db      1
        dw      0x0212, 0x0101, 0xc400
        db      0
.end:

        align   8
gdt:    dq      0
        dq      0x00cf9a000000ffff
        dq      0x00cf92000000ffff
        dq      0x00cffa000000ffff  ; the user's
        dq      0x00cff2000000ffff
        dq      0x0000890018000067  ; TSS
gdt_pointer:
        dw      gdt_pointer - gdt - 1
        dd      gdt
idt_pointer:
        dw      GATES * 8 - 1
        dd      IDT_AT

        times   510 - ($ - $$) db 0
        dw      0xaa55

        bits    32

sum:        dd 0x13579bdf
irq_sum:    dd 0x2468ace0
rounds:     dd 0
ticks:      dd 0
faults:     dd 0
resume:     dd 0                    ; where to go on after a fault that the program wants
fault_hook: dd 0                    ; called with EBP at the frame; carry set: handled
irq_hook:   dd 0                    ; called with the interrupt's number in EAX, before its end is signalled
random:     dd 0x2545f491

main32: mov     ax, KERNEL_DATA
        mov     ss, ax
        mov     ax, USER_DATA
        mov     ds, ax
        mov     es, ax
        mov     fs, ax
        mov     gs, ax
        mov     esp, STACK_TOP
        call    start_paging
        call    start_interrupts
        call    setup
        sti
.round: call    program
        cld
        inc     dword [rounds]
        test    dword [rounds], REPORT_EVERY - 1
        jnz     .round
        call    report
        sti
        hlt
        jmp     .round

start_paging:
        mov     edi, PD_AT
        xor     eax, eax
        mov     ecx, 6 * 1024
        rep     stosd
        mov     edi, LOW_PT
        mov     eax, 7
.low:   stosd
        add     eax, 0x1000
        cmp     eax, 0x800000
        jb      .low
        xor     ecx, ecx
.window:
        imul    eax, ecx, SCATTER
        and     eax, 1023
        add     eax, WINDOW_FRAME
        shl     eax, 12
        or      al, 7
        mov     [WINDOW_PT + ecx * 4], eax
        mov     [ALIAS_PT + ecx * 4], eax
        mov     eax, ecx
        shl     eax, 12
        add     eax, 0xfec0001b     ; no cache
        mov     [HIGH_PT + ecx * 4], eax
        inc     ecx
        cmp     ecx, 1024
        jb      .window
        mov     dword [PD_AT], LOW_PT + 7
        mov     dword [PD_AT + 4], LOW_PT + 0x1007
        mov     dword [PD_AT + (WINDOW >> 22) * 4], WINDOW_PT + 7
        mov     dword [PD_AT + (ALIAS >> 22) * 4], ALIAS_PT + 7
        mov     dword [PD_AT + 0x3fb * 4], HIGH_PT + 7
        mov     eax, PD_AT
        mov     cr3, eax
        mov     eax, cr4
        or      eax, 0x600          ; SSE, and its exceptions
        mov     cr4, eax
        mov     eax, cr0
        and     eax, ~4             ; there is a floating-point unit
        or      eax, 0x80010022     ; paging, write protection for the kernel too, x87 exceptions as #MF
        mov     cr0, eax
        fninit
        ret

start_interrupts:
        mov     edi, IDT_AT
        mov     eax, stubs
        xor     ecx, ecx
.gate:  mov     [edi], ax
        mov     word [edi + 2], KERNEL_CODE
        mov     word [edi + 4], 0x8e00
        cmp     ecx, 0x40
        jb      .kernel
        mov     byte [edi + 5], 0xee ; user code may call these
.kernel:
        mov     edx, eax
        shr     edx, 16
        mov     [edi + 6], dx
        add     eax, 16
        add     edi, 8
        inc     ecx
        cmp     ecx, GATES
        jb      .gate
        lidt    [idt_pointer]
        mov     edi, TSS_AT
        xor     eax, eax
        mov     ecx, 26
        rep     stosd
        mov     dword [TSS_AT + 4], STACK_TOP
        mov     dword [TSS_AT + 8], KERNEL_DATA
        mov     word [TSS_AT + 102], 104 ; no ports for the user
        mov     ax, 0x28
        ltr     ax
        mov     esi, .settings
.next:  movzx   edx, word [esi]
        or      edx, edx
        jz      .mouse
        mov     al, [esi + 2]
        out     dx, al
        add     esi, 3
        jmp     .next
.mouse: in      al, 0x60            ; a byte left over would block the line
        ret
%macro port 2
        dw      %1
        db      %2
%endmacro
.settings:
        port    0x20, 0x11          ; both controllers: interrupts 0x20 to 0x2f, all open
        port    0xa0, 0x11
        port    0x21, 0x20
        port    0xa1, 0x28
        port    0x21, 4
        port    0xa1, 2
        port    0x21, 1
        port    0xa1, 1
        port    0x21, 0
        port    0xa1, 0
        port    0x43, 0x34          ; timer 0, rate generator
        port    0x40, PIT_DIVISOR & 0xff
        port    0x40, PIT_DIVISOR >> 8
        port    0x3f9, 0            ; COM1, 115200 8N1, interrupts on reception
        port    0x3fb, 0x80
        port    0x3f8, 1
        port    0x3f9, 0
        port    0x3fb, 3
        port    0x3fa, 7
        port    0x3fc, 0x0b
        port    0x3f9, 1
        port    0x64, 0x60          ; keyboard and mouse with interrupts, the mouse's stream on
        port    0x60, 0x47
        port    0x64, 0xa8
        port    0x64, 0xd4
        port    0x60, 0xf4
        dw      0

; Mixes EAX into `sum`. Keeps all registers.
mix:    push    ebx
        mov     ebx, [sum]
        rol     ebx, 5
        add     ebx, eax
        imul    ebx, ebx, 0x9e3779b1
        mov     [sum], ebx
        pop     ebx
        ret

; The same for what interrupts see.
mix_irq:
        push    ebx
        mov     ebx, [irq_sum]
        rol     ebx, 7
        add     ebx, eax
        imul    ebx, ebx, 0x85ebca6b
        mov     [irq_sum], ebx
        pop     ebx
        ret

; Mixes ECX bytes at ESI, a multiple of four. Changes EAX, ECX, ESI.
mix_block:
        shr     ecx, 2
.next:  mov     eax, [esi]
        call    mix
        add     esi, 4
        dec     ecx
        jnz     .next
        ret

; The next random number in EAX (xorshift32); all others are kept.
rnd:    push    ebx
        mov     eax, [random]
        mov     ebx, eax
        shl     ebx, 13
        xor     eax, ebx
        mov     ebx, eax
        shr     ebx, 17
        xor     eax, ebx
        mov     ebx, eax
        shl     ebx, 5
        xor     eax, ebx
        mov     [random], eax
        pop     ebx
        ret

; Runs the code at EAX as a user, until it calls INT_LEAVE. Keeps all registers.
in_user:
        pushad
        mov     [TSS_AT + 4], esp
        push    dword USER_DATA
        push    dword USER_STACK
        push    dword 0x202
        push    dword USER_CODE
        push    eax
        iretd

; Every stub leaves an error code and its number on the stack.
        align   16
stubs:
%assign vector 0
%rep GATES
%if vector = 8 || (vector >= 10 && vector <= 14) || vector = 17
%else
        push    byte 0
%endif
        push    dword vector
        jmp     near trap
        align   16
%assign vector vector + 1
%endrep

trap:   pushad
        push    ds
        push    es
        mov     eax, USER_DATA
        mov     ds, ax
        mov     es, ax
        cld
        mov     ebp, esp
        mov     eax, [F_VECTOR]
        cmp     eax, 0x20
        jb      fault
        cmp     eax, 0x30
        jb      irq
        cmp     eax, INT_LEAVE
        je      .leave
        call    mix
        mov     eax, [F_EIP]
        call    mix
trap_out:
        pop     es
        pop     ds
        popad
        add     esp, 8
        iretd
trap.leave:
        mov     esp, [TSS_AT + 4]
        mov     dword [TSS_AT + 4], STACK_TOP
        popad
        sti
        ret

fault:  call    mix
        inc     dword [faults]
        mov     eax, [F_ERROR]
        call    mix
        mov     eax, [F_EIP]
        call    mix
        mov     eax, [F_FLAGS]
        call    mix
        mov     eax, [F_ECX]
        call    mix
        mov     eax, [F_ESI]
        call    mix
        mov     eax, [F_EDI]
        call    mix
        mov     eax, cr2
        call    mix
        mov     eax, [F_VECTOR]
        cmp     eax, 1
        je      trap_out
        cmp     eax, 3
        je      trap_out
        cmp     eax, 4
        je      trap_out
        mov     eax, [fault_hook]
        or      eax, eax
        jz      .plain
        call    eax
        jc      trap_out
.plain: mov     eax, [resume]
        or      eax, eax
        jz      panic
        mov     [F_EIP], eax
        mov     dword [resume], 0
        jmp     trap_out

; Nobody wanted this fault: the program is wrong. Says so and stops.
panic:  mov     al, '!'
        call    put_byte
        mov     eax, [F_VECTOR]
        call    put_hex
        mov     eax, [F_ERROR]
        call    put_hex
        mov     eax, [F_EIP]
        call    put_hex
        mov     eax, cr2
        call    put_hex
.stop:  cli
        hlt
        jmp     .stop

irq:    sub     eax, 0x20
        mov     edi, eax
        call    mix_irq
        mov     eax, [F_EIP]
        call    mix_irq
        rdtsc
        call    mix_irq
        mov     ecx, [irq_hook]
        jecxz   .own
        mov     eax, edi
        call    ecx
.own:   cmp     edi, 0
        jne     .key
        inc     dword [ticks]
.key:   cmp     edi, 1
        je      .ps2
        cmp     edi, 12
        jne     .serial
.ps2:   in      al, 0x64
        call    mix_irq
        in      al, 0x60
        call    mix_irq
        jmp     .end
.serial:
        cmp     edi, 4
        jne     .rtc
        mov     dx, 0x3fa
        in      al, dx
        call    mix_irq
        mov     ecx, 64             ; a wrongly set line would never be empty
.byte:  mov     dx, 0x3fd
        in      al, dx
        test    al, 1
        jz      .end
        mov     dx, 0x3f8
        in      al, dx
        call    mix_irq
        loop    .byte
        jmp     .end
.rtc:   cmp     edi, 8
        jne     .disk
        mov     al, 0x0c
        out     0x70, al
        in      al, 0x71
        call    mix_irq
        jmp     .end
.disk:  mov     dx, 0x1f7
        cmp     edi, 14
        je      .status
        mov     dx, 0x177
        cmp     edi, 15
        jne     .end
.status:
        in      al, dx
        call    mix_irq
.end:   mov     al, 0x20
        cmp     edi, 8
        jb      .first
        out     0xa0, al
.first: out     0x20, al
        jmp     trap_out

report: mov     al, 'R'
        call    put_byte
        mov     eax, [rounds]
        call    put_hex
        mov     eax, [sum]
        call    put_hex
        mov     eax, [irq_sum]
        call    put_hex
        mov     eax, [faults]
        call    put_hex
        mov     al, 10
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

put_hex:                            ; a blank and EAX in hexadecimal
        push    ecx
        push    eax
        mov     al, ' '
        call    put_byte
        pop     eax
        mov     ecx, 8
.next:  rol     eax, 4
        push    eax
        and     al, 15
        cmp     al, 10
        sbb     al, 0x69
        das
        or      al, 0x20
        call    put_byte
        pop     eax
        loop    .next
        pop     ecx
        ret
