/** The button that records a video. Invariant: leaving the console ends the recording, and saves it. */
import { CircleStop, Video as VideoIcon } from 'lucide-react';
import { useEffect, useRef, useState, type RefObject } from 'react';
import type { VmView } from '../../../preload/contract/contract.ts';
import { duration } from '../../text/format.ts';
import { Button } from '../../kit/button.tsx';
import { refusal } from '../../text/refusal.ts';
import { useServices } from '../../services.ts';
import { withToast } from '../../state.ts';
import { texts } from '../../text/index.ts';
import { canRecord, recordVideo, type Video } from './video.ts';

export interface VideoButtonProps {
  readonly vm: VmView;
  readonly canvas: RefObject<HTMLCanvasElement | null>;
}

export function VideoButton({ vm, canvas }: VideoButtonProps) {
  const { store } = useServices();
  const video = useRef<Video>(null);
  const [since, setSince] = useState<number | null>(null);
  const seconds = useSeconds(since);
  useEffect(() => () => video.current?.stop(), []);
  const ended = (full: boolean) => {
    video.current = null;
    setSince(null);
    const told = { tone: 'info', title: vm.name, message: texts.console.recordFull } as const;
    if (full) store.setState((state) => withToast(state, told));
  };
  const toggle = () => {
    if (video.current) video.current.stop();
    else if (canvas.current) {
      video.current = recordVideo(canvas.current, vm.name, ended);
      setSince(Date.now());
    }
  };
  const recording = since !== null;
  return (
    <Button
      label={recording ? texts.console.recordingFor(duration(seconds * 1000)) : texts.console.record}
      hint={recording ? texts.console.recordingFor(duration(seconds * 1000)) : texts.console.recordHint}
      icon={recording ? CircleStop : VideoIcon}
      size="small"
      tone={recording ? 'danger' : 'quiet'}
      reason={recording ? null : canRecord() ? refusal('console', vm) : texts.console.recordNo}
      onPress={toggle}
    />
  );
}

function useSeconds(since: number | null): number {
  const [now, setNow] = useState(0);
  useEffect(() => {
    if (since === null) return;
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, [since]);
  return since === null ? 0 : Math.max(0, Math.floor((now - since) / 1000));
}
