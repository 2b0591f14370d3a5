// What the fan takes home: the words of the talk as a text file, and pictures. All of it lives in this page only.

import type { Captions } from "./captions";

const PICTURE_SIZE = { width: 1080, height: 1350 };
const CAPTION_PX = 150;

export class Keepsake {
  #pictures: { url: string; made: Date }[] = [];

  get nPictures(): number {
    return this.#pictures.length;
  }

  /** The address of the newest picture in this page; "" when there is none. */
  get newest(): string {
    return this.#pictures.at(-1)?.url ?? "";
  }

  /** Keeps a picture of the stage, with the persona's name and what it is written under it. */
  async takePicture(stage: HTMLCanvasElement, name: string): Promise<void> {
    const canvas = Object.assign(document.createElement("canvas"), PICTURE_SIZE);
    const pen = canvas.getContext("2d");
    if (!pen) return;
    paint(pen, stage, name);
    const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, "image/jpeg", 0.9));
    if (blob) this.#pictures.push({ url: URL.createObjectURL(blob), made: new Date() });
  }

  /** Fills the page's keepsake list with what there is. */
  show(list: HTMLElement, captions: Captions, name: string) {
    const text = captions.asText();
    const links = this.#pictures.map(({ url }, k) => picture(url, `stagedoor-${k + 1}.jpg`, name));
    if (text) {
      const url = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
      links.push(download(url, "conversation.txt", "Save the words of your conversation (text file)"));
    }
    list.replaceChildren(...links);
  }

  forget() {
    for (const { url } of this.#pictures) URL.revokeObjectURL(url);
    this.#pictures = [];
  }
}

function paint(pen: CanvasRenderingContext2D, stage: HTMLCanvasElement, name: string) {
  const { width, height } = PICTURE_SIZE;
  const room = height - CAPTION_PX;
  pen.fillStyle = "#d58f63"; // what shows behind a drawn face
  pen.fillRect(0, 0, width, room);
  const scale = Math.max(width / stage.width, room / stage.height);
  const [w, h] = [stage.width * scale, stage.height * scale];
  pen.drawImage(stage, (width - w) / 2, (room - h) / 2, w, h);
  pen.fillStyle = "#fbf1e4";
  pen.fillRect(0, room, width, CAPTION_PX);
  pen.fillStyle = "#24141a";
  pen.font = "600 54px Georgia, serif";
  pen.fillText(`With ${name}`, 48, room + 68);
  pen.font = "30px system-ui, sans-serif";
  pen.fillText(`${new Date().toLocaleDateString()} · ${name} is an AI character`, 48, room + 118);
}

function picture(url: string, file: string, name: string): HTMLElement {
  const item = download(url, file, "Save this picture");
  const image = Object.assign(document.createElement("img"), { src: url, alt: `Your picture with ${name}` });
  item.prepend(image);
  return item;
}

function download(url: string, file: string, words: string): HTMLElement {
  const item = document.createElement("li");
  const link = Object.assign(document.createElement("a"), { href: url, download: file, textContent: words });
  item.append(link);
  return item;
}
