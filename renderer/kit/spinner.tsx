/** Something is under way. Invariant: decoration only; the words beside it say what. */
import { LoaderCircle } from 'lucide-react';

export function Spinner() {
  return <LoaderCircle className="icon spinner" aria-hidden="true" />;
}
