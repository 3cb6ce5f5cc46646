; Plays a tone on the PC speaker and a saw-tooth on the Sound Blaster, see sound-guest.ts. Assembled with nasm -f bin.
org 0x7c00
bits 16
        xor ax, ax
        mov ds, ax
        mov ss, ax
        mov sp, 0x7c00
        cli
        ; the PC speaker: counter 2, square wave, 1193 ticks: about 1000 Hz
        mov al, 0xb6
        out 0x43, al
        mov al, 1193 & 0xff
        out 0x42, al
        mov al, 1193 >> 8
        out 0x42, al
        in al, 0x61
        or al, 3
        out 0x61, al
        ; a saw-tooth of 256 bytes at 1000:0000, 4096 bytes long
        mov ax, 0x1000
        mov es, ax
        xor di, di
        xor al, al
        mov cx, 4096
fill:   stosb
        inc al
        loop fill
        ; reset the DSP until it says 0xaa
        mov dx, 0x226
        mov al, 1
        out dx, al
        mov cx, 200
wait1:  loop wait1
        xor al, al
        out dx, al
        mov dx, 0x22e
ready:  in al, dx
        test al, 0x80
        jz ready
        mov dx, 0x22a
        in al, dx
        cmp al, 0xaa
        jne $
        ; DMA channel 1: auto-initialised reads of 4096 bytes from 0x10000
        mov al, 5
        out 0x0a, al
        out 0x0c, al
        mov al, 0x59
        out 0x0b, al
        xor al, al
        out 0x02, al
        out 0x02, al
        mov al, 1
        out 0x83, al
        mov al, 4095 & 0xff
        out 0x03, al
        mov al, 4095 >> 8
        out 0x03, al
        mov al, 1
        out 0x0a, al
        ; 22050 Hz, 8 bits, mono, for ever; an interrupt (which nobody takes) every 2048 samples
        mov si, play
        mov cx, 7
next:   mov dx, 0x22c
busy:   in al, dx
        test al, 0x80
        jnz busy
        lodsb
        out dx, al
        loop next
        mov dx, 0x3f8
        mov al, 'S'
        out dx, al
        ; acknowledge nothing, sleep for ever
        mov al, 0xfe            ; only the timer
        out 0x21, al
        sti
sleep:  hlt
        jmp sleep
play:   db 0x41, 22050 >> 8, 22050 & 0xff, 0xc6, 0x00, 2047 & 0xff, 2047 >> 8
        times 510-($-$$) db 0
        dw 0xaa55
