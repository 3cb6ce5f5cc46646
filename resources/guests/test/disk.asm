; Test guest: the primary master IDE disk by programmed I/O, LBA28, with interrupts (the processor halts meanwhile).
; Invariant: every wait ends, at the latest after DISK_PATIENCE ticks. The sector's data is at SECTOR_AT.

        bits    32

%define DISK_PATIENCE 1000          ; ticks: 10 s

sectors:        dd 0                ; size of the disk; 0: none seen so far
signals_before: dd 0

; Looks for a disk if none is known. Carry flag set: no disk.
find_disk:
        cmp     dword [sectors], 0
        jne     .found
        mov     dx, 0x3f6           ; let it interrupt
        xor     al, al
        out     dx, al
        mov     dx, 0x1f6
        mov     al, 0xe0
        out     dx, al
        mov     dx, 0x1f7
        in      al, dx
        or      al, al
        jz      .none
        cmp     al, 0xff
        je      .none
        test    al, 0x40            ; a disk that is there is ready
        jz      .none
        mov     al, 0xec            ; identify
        call    disk_command
        call    disk_wait
        jc      .none
        call    sector_in
        mov     eax, [SECTOR_AT + 120]
        or      eax, eax
        jz      .none
        mov     [sectors], eax
.found: clc
        ret
.none:  stc
        ret

; Address one sector, number EAX, and give the command CL.
disk_start:
        push    eax
        mov     dx, 0x1f6
        shr     eax, 24
        and     al, 0x0f
        or      al, 0xe0
        out     dx, al
        mov     dx, 0x1f2
        mov     al, 1
        out     dx, al
        pop     eax
        mov     dx, 0x1f3
        out     dx, al
        shr     eax, 8
        inc     dx
        out     dx, al
        shr     eax, 8
        inc     dx
        out     dx, al
        mov     al, cl
disk_command:                       ; AL
        push    dword [disk_signals]
        pop     dword [signals_before]
        mov     dx, 0x1f7
        out     dx, al
        ret

; Halts until the disk interrupts. AL: status. Carry flag set: error, or no answer in time.
disk_wait:
        mov     ebx, [ticks]
.again: cli
        mov     eax, [disk_signals]
        cmp     eax, [signals_before]
        jne     .came
        mov     eax, [ticks]
        sub     eax, ebx
        cmp     eax, DISK_PATIENCE
        ja      .came
        sti
        hlt
        jmp     .again
.came:  sti
        mov     dx, 0x1f7
        in      al, dx
        test    al, 0xa1            ; busy, fault or error
        jnz     .bad
        clc
        ret
.bad:   stc
        ret

; Polls until the disk takes data. Carry flag set: error, or no answer in time.
disk_wants_data:
        mov     ebx, [ticks]
        mov     dx, 0x1f7
.again: in      al, dx
        test    al, 0x80
        jnz     .busy
        test    al, 0x21
        jnz     .bad
        test    al, 0x08
        jnz     .good
.busy:  mov     ecx, [ticks]
        sub     ecx, ebx
        cmp     ecx, DISK_PATIENCE
        jbe     .again
.bad:   stc
        ret
.good:  clc
        ret

sector_in:
        mov     edi, SECTOR_AT
        mov     ecx, 256
        mov     dx, 0x1f0
        rep     insw
        ret

; Reads sector EAX. Carry flag set: error, AL is the status.
read_sector:
        mov     cl, 0x20
        call    disk_start
        call    disk_wait
        jc      .done
        call    sector_in
        clc
.done:  ret

; Writes sector EAX and flushes the disk's cache. Carry flag set: error, AL is the status.
write_sector:
        mov     cl, 0x30
        call    disk_start
        call    disk_wants_data
        jc      .done
        push    dword [disk_signals]
        pop     dword [signals_before]
        mov     esi, SECTOR_AT
        mov     ecx, 256
        mov     dx, 0x1f0
        rep     outsw
        call    disk_wait
        jc      .done
        mov     al, 0xe7            ; flush
        call    disk_command
        call    disk_wait
.done:  ret

; EAX: checksum of the sector: for each of its 128 dwords, s = rol(s, 1) + dword.
sector_sum:
        push    ecx
        push    esi
        xor     eax, eax
        mov     esi, SECTOR_AT
        mov     ecx, 128
.next:  rol     eax, 1
        add     eax, [esi]
        add     esi, 4
        loop    .next
        pop     esi
        pop     ecx
        ret
