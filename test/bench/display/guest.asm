; Draws a moving picture of 640 x 480 pixels, see ../scenarios/display.ts. Assembled with nasm -f bin.
org 0x7c00
bits 16
        cli
        xor ax, ax
        mov ds, ax
        mov es, ax
        mov ss, ax
        mov sp, 0x7000
        in al, 0x92             ; address line 20 on
        or al, 2
        out 0x92, al
        mov si, vbe             ; Bochs's display interface: pairs of index and value
        mov cx, 5
vbe1:   mov dx, 0x1ce
        lodsw
        out dx, ax
        inc dx
        lodsw
        out dx, ax
        loop vbe1
        mov dx, 0x3c8           ; a palette of 64 shades, four times
        xor al, al
        out dx, al
        inc dx
        xor cl, cl
dac:    mov al, cl
        and al, 63
        out dx, al
        mov ah, 63
        sub ah, al
        xchg al, ah
        out dx, al
        xchg al, ah
        out dx, al
        inc cl
        jnz dac
        mov si, pic             ; interrupts at 0x20, timer and keyboard only: pairs of port and value
        mov cx, 9
        xor dx, dx
pic1:   lodsb
        mov dl, al
        lodsb
        out dx, al
        loop pic1
        mov di, 0x8000 + 0x20 * 8
        mov ax, timer
        call gate
        mov ax, key
        call gate
        lgdt [gdtr]
        lidt [idtr]
        mov eax, cr0
        or al, 1
        mov cr0, eax
        jmp 8:start
gate:   stosw
        mov ax, 8
        stosw
        mov ax, 0x8e00
        stosw
        xor ax, ax
        stosw
        ret

bits 32
start:  mov ax, 16
        mov ds, ax
        mov es, ax
        mov ss, ax
        mov esp, 0x7000         ; what is written lies in other pages than the code, which would be compiled anew
        xor eax, eax
        mov [shade], eax
        mov [count], eax
        mov [ticks], eax
        sti
frame:  hlt
        mov al, [ticks]
        cmp al, [drawn]
        je frame
        mov [drawn], al
        inc dword [count]
        mov ebx, [count]
        mov edi, 0xe0000000 + 16 * 640 * (DEPTH / 8)
        mov edx, 464
row:    mov al, bl              ; each pixel is one more than its left neighbour
        add al, dl
        imul eax, eax, 0x01010101
%if DEPTH == 8
        add eax, 0x03020100
        mov ecx, 160
pixels: mov [edi], eax
        add eax, 0x04040404
%else
        mov ecx, 640
pixels: mov [edi], eax
        add eax, 0x00010201
%endif
        add edi, 4
        dec ecx
        jnz pixels
        dec edx
        jnz row
        mov eax, ebx            ; the number of the frame, modulo 64, as a shade at (64, 0)
        and eax, 63
%if DEPTH == 32
        imul eax, eax, 0x040404
%endif
        mov edi, 0xe0000000 + 64 * (DEPTH / 8)
        call block
        jmp frame

timer:  inc byte [ticks]
        push eax
done:   mov al, 0x20
        out 0x20, al
        pop eax
        iretd

key:    push eax                ; each press changes the block at (0, 0) at once
        in al, 0x60
        test al, 0x80
        jnz done
        pushad
        xor dword [shade], 0x3f3f3f3f
        mov eax, [shade]
        mov edi, 0xe0000000
        call block
        popad
        jmp done

block:  imul eax, eax, SPREAD   ; 16 x 16 pixels of this shade
        mov edx, 16
block1: mov ecx, 16 * DEPTH / 32
        rep stosd
        add edi, (640 - 16) * (DEPTH / 8)
        dec edx
        jnz block1
        ret
%if DEPTH == 8
SPREAD equ 0x01010101
%else
SPREAD equ 1
%endif

shade   equ 0x9000
count   equ 0x9004
ticks   equ 0x9008
drawn   equ 0x9009

vbe:    dw 4, 0, 1, 640, 2, 480, 3, DEPTH, 4, 0x41
pic:    db 0x20, 0x11, 0x21, 0x20, 0x21, 4, 0x21, 1, 0x21, 0xfc, 0xa1, 0xff
        db 0x43, 0x34, 0x40, 19886 & 0xff, 0x40, 19886 >> 8
gdtr:   dw gdt_end - gdt - 1
        dd gdt
idtr:   dw 0x22 * 8 - 1
        dd 0x8000
        align 8
gdt:    dq 0, 0x00cf9a000000ffff, 0x00cf92000000ffff
gdt_end:
        times 510-($-$$) db 0
        dw 0xaa55
