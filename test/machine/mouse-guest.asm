; Sends what the PS/2 mouse says to COM1, see mouse-guest.ts. Assembled with nasm -f bin.
org 0x7c00
bits 16
        cli
        xor ax, ax
        mov ds, ax
        mov ss, ax
        mov sp, 0x7c00
        mov al, 0xad            ; keyboard off: only the mouse answers
        call command
        mov al, 0xa8            ; mouse port on
        call command
        mov al, 0x60            ; no interrupts
        call command
        mov al, 0x44
        out 0x60, al
        mov si, setup
next:   lodsb
        or al, al
        jz ready
        mov ah, al
        mov al, 0xd4            ; the next byte is for the mouse
        call command
        mov al, ah
        out 0x60, al
        call read               ; its acknowledgement
        jmp next
ready:  mov al, 'M'
        call send
loop1:  call read
        call send
        jmp loop1
command:
        out 0x64, al
        ret
read:   in al, 0x64
        test al, 1
        jz read
        in al, 0x60
        ret
send:   mov dx, 0x3f8
        out dx, al
        ret
setup:  db 0xf3, 200, 0xf3, 100, 0xf3, 80, 0xf2, 0xf4, 0   ; ask for the wheel, then report movements
        times 510-($-$$) db 0
        dw 0xaa55
