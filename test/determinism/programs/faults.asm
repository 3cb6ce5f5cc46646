; Faults of every kind, by the kernel and by a user: divide, invalid opcode, protection, missing segments, bounds,
; overflow, breakpoints, page faults with and without a handler that maps the page; in the middle of repeated string
; instructions, in instructions and stacks that reach into a missing page, and in hot loops that are compiled.

%define REPORT_EVERY 1
%include "runtime.asm"

%define HOLES   WINDOW + 0x100000   ; 64 pages that come and go
%define HOLES_PTE WINDOW_PT + 0x400
%define HOLE_PAGES 64

setup:  mov     dword [fault_hook], hook
        ret

program:
        call    plain
        call    by_user
        call    demand
        call    strings
        call    straddling
        jmp     hot

%macro expect 1+                    ; an instruction that faults; goes on behind it
        mov     dword [resume], %%on
        %1
%%on:   mov     dword [resume], 0
%endmacro

plain:  xor     edx, edx
        mov     eax, 17
        xor     ebx, ebx
        expect  div ebx
        expect  idiv bl
        mov     eax, 0x80000000
        mov     edx, -1
        mov     ebx, -1
        expect  idiv ebx
        expect  ud2
        expect  db 0x0f, 0xff, 0xc0
        expect  db 0xf0, 0x89, 0xc0 ; lock mov eax, eax
        mov     ax, 0x7b
        expect  mov fs, ax
        mov     ax, 0x08 | 3
        expect  mov ss, ax
        expect  jmp 0x7b:0
        mov     eax, 0x7fffffff
        add     eax, 1
        into
        int3
        mov     dword [.bounds], 1
        mov     dword [.bounds + 4], 5
        mov     eax, 9
        expect  bound eax, [.bounds]
        expect  mov eax, [0x7fff0000]
        expect  mov [0x7fff0000], eax
        expect  inc dword [0xffffffff]
        mov     eax, 0x7fff1234
        expect  jmp eax
        mov     ecx, 0x12345678
        rdmsr
        ret
        align   4
.bounds: dq     0

; What a user may not do.
by_user:
        mov     eax, .code
        jmp     in_user
.code:  expect  hlt
        expect  cli
        expect  in al, 0x60
        expect  out 0x80, al
        expect  mov eax, cr0
        expect  lgdt [gdt_pointer]
        expect  invlpg [0]
        expect  int 0x21
        int     0x42
        mov     ax, KERNEL_DATA
        expect  mov ds, ax
        expect  mov dword [HOLES], 1
        push    dword 5
        pop     eax
        xor     edx, edx
        xor     ecx, ecx
        expect  div ecx
        mov     esp, HOLES + 0x2002 ; the user's stack reaches into a missing page
        mov     dword [allowed], 1
        pushad
        pushad
        popad
        call    .leaf
        mov     dword [allowed], 0
        int     INT_LEAVE
.leaf:  ret     4

allowed: dd     0                   ; whether the handler maps missing pages of HOLES
mapped: dd      0

; Maps the page that was missed: each time another one of the window's frames.
hook:   cmp     dword [F_VECTOR], 14
        jne     .no
        cmp     dword [allowed], 0
        je      .no
        mov     eax, cr2
        sub     eax, HOLES
        shr     eax, 12
        cmp     eax, HOLE_PAGES
        jae     .no
        mov     edx, [mapped]
        inc     dword [mapped]
        and     edx, HOLE_PAGES * 2 - 1
        shl     edx, 12
        add     edx, 0x600007
        mov     [HOLES_PTE + eax * 4], edx
        stc
        ret
.no:    clc
        ret

; All holes are missing again; some are only for reading, or only for the kernel.
unmap:  pushad
        mov     edi, HOLES_PTE
        xor     eax, eax
        mov     ecx, HOLE_PAGES
        rep     stosd
        mov     eax, cr3
        mov     cr3, eax
        popad
        ret

demand: call    unmap
        mov     dword [allowed], 1
        mov     ecx, 200
.next:  call    rnd
        and     eax, (HOLE_PAGES - 2) * 4096 + 0xfff
        add     [HOLES + eax], ecx
        call    rnd
        and     eax, (HOLE_PAGES - 2) * 4096 + 0xfff
        mov     eax, [HOLES + eax]
        call    mix
        test    ecx, 31
        jnz     .same
        call    unmap
.same:  dec     ecx
        jnz     .next
        mov     dword [allowed], 0
        mov     dword [HOLES_PTE], 0x700005 ; read only, for the kernel too
        mov     dword [HOLES_PTE + 4], 0x701003 ; the kernel's
        invlpg  [HOLES]
        invlpg  [HOLES + 0x1000]
        mov     eax, [HOLES]
        call    mix
        expect  mov [HOLES], eax
        expect  xchg [HOLES + 0xffe], eax
        mov     [HOLES + 0x1000], eax
        mov     eax, .code
        jmp     in_user
.code:  mov     eax, [HOLES]
        expect  mov [HOLES + 0x1ffe], eax
        expect  mov eax, [HOLES + 0xffe]
        mov     eax, HOLES + 0x1000
        expect  jmp eax
        int     INT_LEAVE

; Repeated string instructions that miss pages on the way, forwards and backwards.
strings:
        mov     dword [allowed], 1
        mov     ebx, 6
.next:  call    unmap
        mov     edi, HOLES + 0xff3
        mov     ecx, 0xc05
        mov     eax, ebx
        rep     stosd
        mov     esi, HOLES + 0x7e0
        mov     edi, HOLES + 0x8ffd
        mov     ecx, 0x3003
        rep     movsb
        std
        mov     esi, HOLES + 0x5001
        mov     edi, HOLES + 0x10003
        mov     ecx, 0x1801
        rep     movsw
        cld
        mov     esi, HOLES + 0x10003 - 0x3000
        mov     edi, HOLES + 0x20ffe
        mov     ecx, 0x900
        repe    cmpsd
        call    state
        mov     edi, HOLES + 0x30ff1
        mov     ecx, 0x2000
        mov     al, 0xee
        repne   scasb
        call    state
        mov     esi, HOLES + 0x35fff
        mov     ecx, 0x802
        rep     lodsw
        call    state
        mov     edi, HOLES + 0x38ffd
        mov     dx, 0x61
        mov     ecx, 7
        rep     insb
        dec     ebx
        jnz     .next
        mov     dword [allowed], 0
        call    unmap
        mov     dword [HOLES_PTE], 0x700007
        mov     edi, HOLES + 0x800  ; and given up half-way
        mov     ecx, 0x1000
        expect  rep stosb
        call    state
        ret
state:  mov     eax, ecx
        call    mix
        mov     eax, esi
        call    mix
        mov     eax, edi
        jmp     mix

; An instruction whose second half is missing, at every place; operands and far structures likewise.
straddling:
        mov     ebx, 11
.next:  call    unmap
        mov     dword [HOLES_PTE], 0x700007
        mov     edi, HOLES + 0x1000
        sub     edi, ebx
        mov     dword [allowed], 1
        mov     eax, edi
        push    ebx
        mov     esi, .code
        mov     ecx, .end - .code
        mov     dword [mapped], 1
        rep     movsb
        call    unmap
        mov     dword [HOLES_PTE], 0x700007
        mov     dword [mapped], 1   ; the second half is found again
        mov     edi, WINDOW
        call    eax
        mov     esi, HOLES + 0x2fff
        mov     dword [mapped], 2
        lock    add [esi], ebx
        bts     dword [HOLES + 0x4ffd], 31
        fld     tword [HOLES + 0x5ff9]
        fstp    tword [HOLES + 0x6ffa]
        movups  xmm0, [HOLES + 0x7ff1]
        movups  [HOLES + 0x8ff3], xmm0
        fnstenv [HOLES + 0x9ff0]
        cmpxchg8b [HOLES + 0xaffc]
        pop     ebx
        dec     ebx
        jnz     .next
        mov     dword [allowed], 0
        ret
.code:  add     dword [edi + 0x00012344], 0x04030201
        ret
.end:

; Faults in a loop that is compiled: every 64th division, and a store that misses its page every time it is new.
hot:    call    unmap
        mov     dword [allowed], 1
        mov     ecx, 4000
        xor     esi, esi
.next:  mov     ebx, ecx
        and     ebx, 63
        jz      .zero
.on:    xor     edx, edx
        mov     eax, ecx
        div     ebx
        add     esi, edx
        mov     eax, ecx
        shl     eax, 5
        and     eax, (HOLE_PAGES - 2) * 4096 + 0xfff
        add     [HOLES + eax], esi
        rol     esi, 1
.after: dec     ecx
        jnz     .next
        mov     dword [allowed], 0
        mov     dword [resume], 0
        mov     eax, esi
        jmp     mix
.zero:  mov     dword [resume], .after
        jmp     .on
