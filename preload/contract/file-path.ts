/**
 * A path of a file on the host, as every door takes it.
 *
 * Invariant: it is whole: the host's working folder is nobody's business, and a client's may be another one.
 */
import * as v from 'valibot';

const PATH_LENGTH_MAX = 4096;

export const FilePath = v.pipe(
  v.string(),
  v.minLength(1, 'a file path cannot be empty'),
  v.maxLength(PATH_LENGTH_MAX),
  v.regex(/^(?:\/|[A-Za-z]:[\\/]|\\\\)/, 'a file is named by its whole path, such as /home/ada/disk.img'),
);
