; Sends what VMware's backdoor says of an absolute pointer to COM1, see vmmouse-guest.ts. Assembled with nasm -f bin.
org 0x7c00
bits 16
        cli
        mov ebx, 0x45414552     ; switch it on
        mov cx, 41
        call door
        mov ebx, 1              ; take its greeting out of the queue
        mov cx, 39
        call door
        mov ebx, 0x53424152     ; places, not movements
        mov cx, 41
        call door
        mov al, 'M'
        call send
wait1:  mov cx, 40              ; how many words wait
        call door
        cmp ax, 4
        jb wait1
        mov ebx, 4
        mov cx, 39
        call door
        mov si, dx              ; wheel
        call send               ; buttons
        mov al, bh              ; x, its high byte
        call send
        mov al, ch              ; y, its high byte
        call send
        mov ax, si
        call send
        jmp wait1
door:   mov eax, 0x564d5868
        movzx ecx, cx
        mov dx, 0x5658
        in eax, dx
        ret
send:   push dx
        mov dx, 0x3f8
        out dx, al
        pop dx
        ret
        times 510-($-$$) db 0
        dw 0xaa55
