"""How well it is told whether a page can be read: rendered pages, blurred by degrees, read back by our text recognition.

`python -m tests.ocr.papers` prints, a size of print and a blur, what `paper.judge` says and what share of the text was read.
Everything is rendered: real paper, real lamps and real lenses are not in it.
"""

from __future__ import annotations

from kiosk.emulators import paper_picture
from kiosk.ocr import paper
from kiosk.ocr.recogniser import RapidRecogniser, Recogniser

PIECE = 5  # characters


def read_share(recogniser: Recogniser, page_bgr) -> float:
    """Return the share of the text's pieces of five characters that are found on a page."""
    text = "".join(line.text for line in recogniser.lines(page_bgr))
    pieces = [paper_picture.BODY[at : at + PIECE] for at in range(len(paper_picture.BODY) - PIECE)]
    return sum(piece in text for piece in pieces) / len(pieces)


def main() -> None:
    """Measure."""
    recogniser = RapidRecogniser()
    for size in ((1280, 720), (1920, 1080)):
        for print_mm in (7.0, 5.0, 4.2, 3.4, 2.6):
            sheet = paper_picture.draw_page(print_mm=print_mm)
            for blur in (0.0, 1.0, 1.5, 2.0, 2.5, 3.0, 5.0):
                page = paper.take([paper_picture.lay(sheet, size, blur=blur, roll_deg=3.0)])
                if page is None:
                    print(size[0], print_mm, blur, "no outline")
                    continue
                share = read_share(recogniser, page.image_bgr)
                print(f"{size[0]:5} {print_mm:4} mm  blur {blur:3} px  read {share:4.0%}  {' '.join(page.flaws) or 'legible'}")


if __name__ == "__main__":
    main()
