/** A file for the user's computer, made in the page. Invariant: its memory is given back. */

export function download(name: string, type: string, parts: readonly BlobPart[]): void {
  const address = URL.createObjectURL(new Blob([...parts], { type }));
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  // The download has its own hold on the data once the click is dispatched; one turn later is safe everywhere.
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}
