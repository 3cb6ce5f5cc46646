; Reads its floppy when it is told to, see floppy-guest.ts. Assembled with nasm -f bin.
org 0x7c00
bits 16
        xor ax, ax
        mov ds, ax
        mov es, ax
        mov ss, ax
        mov sp, 0x7c00
        sti
        mov al, 'R'
        call send
idle:   hlt                     ; the timer wakes it
        mov dx, 0x3fd
        in al, dx
        test al, 1
        jz idle
        mov dx, 0x3f8
        in al, dx
        mov di, 3               ; tries
try:    mov ax, 0x0201          ; one sector
        mov cx, 0x0101          ; track 1, sector 1
        mov dx, 0
        mov bx, 0x8000
        int 0x13
        jnc good
        xor ax, ax              ; reset, and again
        xor dx, dx
        int 0x13
        dec di
        jnz try
        mov si, none
        jmp say
good:   mov si, 0x8000
say:    mov cx, 4
next:   lodsb
        call send
        loop next
        mov al, 10
        call send
        jmp idle
send:   mov dx, 0x3f8
        out dx, al
        ret
none:   db 'none'
        times 510-($-$$) db 0
        dw 0xaa55
