/** How far the work on a disk file is. Invariant: it is what the task says; nothing where none is under way. */
import { taskTitle } from '../../text/host-words.ts';
import { usePage } from '../../services.ts';
import { texts } from '../../text/index.ts';

/** `file` as the host names it: that of the disk, or of the image that is imported. */
export function DiskProgress({ file }: { readonly file: string }) {
  const task = usePage((state) =>
    state.tasks.find(({ kind, outcome, phase }) => outcome === null && kind.startsWith('disk.') && phase === file),
  );
  if (!task) return null;
  const share = Math.floor((task.progress ?? 0) * 100);
  return (
    <p className="disk-progress" data-task={task.kind}>
      <span>{taskTitle(task)}</span>
      <progress className="progress" max={100} value={share} aria-label={texts.disks.working} />
      <span className="task-share">{`${share} %`}</span>
    </p>
  );
}
