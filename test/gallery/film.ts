/**
 * A film of what a user does: numbered pictures with the seconds since the first click.
 *
 * Invariant: between two pictures nothing is done but what the captions say; the pointer that is shown is where the
 * mouse is (a headless browser draws none).
 */
import path from 'node:path';
import type { Locator, Page } from 'playwright-core';

interface Shot {
  readonly file: string;
  readonly seconds: number;
  readonly caption: string;
}

export class Film {
  readonly #page: Page;
  readonly #folder: string;
  readonly #shots: Shot[] = [];
  #began: number | null = null;

  /** `folder`: where the pictures go. */
  constructor(page: Page, folder: string) {
    this.#page = page;
    this.#folder = folder;
  }

  /** @returns the seconds since the first click; 0 before it. */
  async shoot(caption: string): Promise<number> {
    const seconds = this.#began === null ? 0 : (performance.now() - this.#began) / 1000;
    const file = `${this.#shots.length + 1}.png`;
    await this.#page.screenshot({ path: path.join(this.#folder, file) });
    this.#shots.push({ file, seconds, caption });
    process.stdout.write(`${seconds.toFixed(1).padStart(6)} s  ${caption}\n`);
    return seconds;
  }

  /** Moves the mouse there, as a hand does, takes the picture of it, and presses. The first one starts the clock. */
  async click(target: Locator, caption: string): Promise<void> {
    const box = await target.boundingBox();
    if (!box) throw new Error(`there is nothing to click for: ${caption}`);
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
    await this.#page.mouse.move(x, y, { steps: 12 });
    await this.#pointer(x, y);
    await this.shoot(caption);
    await this.#pointer(null, null);
    this.#began ??= performance.now();
    await this.#page.mouse.click(x, y);
  }

  /** Only in the picture: it takes no clicks, and is gone before the press. */
  #pointer(x: number | null, y: number | null): Promise<void> {
    return this.#page.evaluate(
      ([left, top]) => {
        document.querySelector('#film-pointer')?.remove();
        if (left === null || left === undefined || top === null || top === undefined) return;
        const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
        svg.id = 'film-pointer';
        svg.setAttribute('width', '22');
        svg.setAttribute('height', '22');
        // Set through the object model: the page's Content-Security-Policy allows no style attribute.
        Object.assign(svg.style, { position: 'fixed', left: `${left}px`, top: `${top}px`, zIndex: '9999' });
        svg.style.pointerEvents = 'none';
        const arrow = document.createElementNS('http://www.w3.org/2000/svg', 'path');
        arrow.setAttribute('d', 'M1 1v16l4-4 3 7 3-1-3-7h6z');
        arrow.setAttribute('fill', '#000');
        arrow.setAttribute('stroke', '#fff');
        arrow.setAttribute('stroke-width', '1.4');
        svg.append(arrow);
        document.body.append(svg);
      },
      [x, y] as const,
    );
  }

  /** The film as a page of the documentation. */
  told(computer: string): string {
    const shots = this.#shots.map(
      ({ file, seconds, caption }) =>
        `**${seconds.toFixed(1)} s** · ${caption}\n\n![${caption}](images/first-vm/${file})`,
    );
    return [
      '# From the first start to a protected guest: two clicks',
      `Made by \`npm run screenshots\` with nothing but the mouse, on ${computer}. Timed from the first click.`,
      ...shots,
      '',
    ]
      .join('\n\n')
      .replace(/\n+$/, '\n');
  }
}
