; Test guest: the command loop. One byte on COM1 is one command; every answer is a line that ends in CR LF. Numbers are
; hexadecimal, eight digits unless said.
;   t  T <ticks> <RTC seconds, BCD, 2 digits> <TSC, 16 digits>
;   e  E on, then every byte comes back until ESC, then E off
;   c  1, 2, 3 ... in decimal, one a line, as fast as it can, until any byte comes; then C <last number, decimal>
;   r  R <LBA> <checksum>: reads the next sector (0, 1, 2 ... around the disk), or "no disk", or "disk error <status>"
;   w  W <LBA> <checksum>: writes and flushes the next sector; for write n = 1, 2 ..., dword i is
;      n * 0x9e3779b1 + i * 0x01000193
;   b  B <checksum> after 50,000,000 rounds of x = x * 1664525 + 1013904223, s = rol(s xor x, 1), from x = 1, s = 0
;   g  G on: mode 13h, one frame a tick;   x  G off: back to text
;   i  I <times the processor went idle>
; A key prints K <scan code, 2 digits>. CR and LF are ignored; any other byte prints ? <byte, 2 digits>.
; Invariant: while nothing is to be done the processor is halted with interrupts on.

        bits    32

%define ROUNDS 50000000
%define ESCAPE 27

read_lba:       dd 0                ; next sector to read
write_lba:      dd 0                ; next sector to write
writes:         dd 0                ; sectors written so far
number:         times 10 db '0'     ; decimal counter of the command c
                db 13, 10, 0
number_first:   dd 0                ; its first digit that is shown

main32: call    setup_interrupts
        call    setup_serial
        call    draw_page
        sti
        say     'LOCKSTEP TEST GUEST', 13, 10
main:   cli
        call    take_byte
        jnc     .command
        movzx   ebx, byte [key_tail]
        cmp     bl, [key_head]
        jne     .key
        cmp     byte [graphics], 0
        je      .idle
        mov     eax, [ticks]
        cmp     eax, [drawn_tick]
        jne     .frame
.idle:  inc     dword [halts]
        sti                         ; takes effect after the next instruction: no interrupt is slept through
        hlt
        jmp     main
.frame: mov     [drawn_tick], eax
        sti
        call    draw_frame
        jmp     main
.key:   mov     al, [KEY_RING + ebx]
        inc     byte [key_tail]
        sti
        say     'K '
        call    put_hex8
        call    put_line_end
        jmp     main
.command:
        sti
        mov     esi, table
.next:  cmp     byte [esi], 0
        je      .unknown
        cmp     al, [esi]
        je      .found
        add     esi, 5
        jmp     .next
.found: call    [esi + 1]
        jmp     main
.unknown:
        say     '? '
        call    put_hex8
        call    put_line_end
        jmp     main

%macro command 2
        db      %1
        dd      %2
%endmacro
table:  command 't', do_time
        command 'e', do_echo
        command 'c', do_count
        command 'r', do_read
        command 'w', do_write
        command 'b', do_busy
        command 'g', do_graphics
        command 'x', do_text
        command 'i', do_idle
        command 13, do_nothing
        command 10, do_nothing
        db      0

do_nothing:
        ret

do_time:
        say     'T '
        mov     eax, [ticks]
        call    put_hex32
        say     ' '
        xor     al, al
        out     0x70, al
        in      al, 0x71
        call    put_hex8
        say     ' '
        rdtsc
        xchg    eax, edx
        call    put_hex32
        mov     eax, edx
        call    put_hex32
        jmp     put_line_end

do_echo:
        say     'E on', 13, 10
.next:  cli
        call    take_byte
        jnc     .got
        sti
        hlt
        jmp     .next
.got:   sti
        cmp     al, ESCAPE
        je      .done
        call    put_byte
        jmp     .next
.done:  say     'E off', 13, 10
        ret

do_count:
        mov     edi, number
        mov     ecx, 10
        mov     al, '0'
        rep     stosb
        mov     dword [number_first], number + 9
.next:  mov     edi, number + 9     ; add one, digit by digit
.digit: inc     byte [edi]
        cmp     byte [edi], '9'
        jbe     .added
        mov     byte [edi], '0'
        dec     edi
        jmp     .digit
.added: cmp     edi, [number_first]
        jae     .show
        mov     [number_first], edi
.show:  mov     esi, [number_first]
        call    put_text
        call    take_byte
        jc      .next
        say     'C '
        jmp     put_text

do_busy:
        mov     eax, 1
        xor     edx, edx
        mov     ecx, ROUNDS
.next:  imul    eax, eax, 1664525
        add     eax, 1013904223
        xor     edx, eax
        rol     edx, 1
        dec     ecx
        jnz     .next
        say     'B '
        mov     eax, edx
        call    put_hex32
        jmp     put_line_end

do_graphics:
        call    graphics_on
        say     'G on', 13, 10
        ret

do_text:
        call    graphics_off
        say     'G off', 13, 10
        ret

do_idle:
        say     'I '
        mov     eax, [halts]
        call    put_hex32
        jmp     put_line_end

do_read:
        call    find_disk
        jc      no_disk
        mov     eax, [read_lba]
        call    read_sector
        jc      disk_error
        say     'R '
        mov     edi, read_lba
        jmp     finish_sector

do_write:
        call    find_disk
        jc      no_disk
        mov     eax, [writes]
        inc     eax
        imul    eax, eax, 0x9e3779b1
        mov     edi, SECTOR_AT
        mov     ecx, 128
.fill:  stosd
        add     eax, 0x01000193
        loop    .fill
        mov     eax, [write_lba]
        call    write_sector
        jc      disk_error
        inc     dword [writes]
        say     'W '
        mov     edi, write_lba
finish_sector:                      ; print the counter at EDI and the checksum; move the counter on
        mov     eax, [edi]
        call    put_hex32
        inc     eax
        cmp     eax, [sectors]
        jb      .inside
        xor     eax, eax
.inside:
        mov     [edi], eax
        say     ' '
        call    sector_sum
        call    put_hex32
        jmp     put_line_end

no_disk:
        say     'no disk', 13, 10
        ret

disk_error:
        say     'disk error '
        call    put_hex8
        jmp     put_line_end
