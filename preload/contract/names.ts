/**
 * How virtual machines are named in arguments.
 *
 * Invariant: a VM's name is also good as a part of a file's name, on every platform.
 */
import * as v from 'valibot';

export const VM_NAME_LENGTH_MAX = 64;

export const VmName = v.pipe(
  v.string('a VM name is text'),
  v.minLength(1, 'a VM name needs at least one character'),
  v.maxLength(VM_NAME_LENGTH_MAX, `a VM name has at most ${VM_NAME_LENGTH_MAX} characters`),
  v.regex(
    /^[\p{L}\p{N}](?:[\p{L}\p{N} ._-]*[\p{L}\p{N}._-])?$/u,
    'a VM name is made of letters, digits, spaces, ".", "_" and "-", and begins with a letter or a digit',
  ),
);
/** A VM is addressed by its name (not case-sensitive) or its id. */
export const Vm = v.pipe(v.string('name the VM'), v.minLength(1, 'name the VM'), v.maxLength(VM_NAME_LENGTH_MAX));
