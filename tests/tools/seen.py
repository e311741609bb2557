"""Letters as a browser shows them: pictures compared with kept ones, and what axe-core finds.

Usage: seen.py CHROMIUM AXE KEPT LETTERS [--keep]

Each LETTERS/*.html is shown at 600 and 360 pixels, light and dark. The pictures are made small,
so that a font drawn a little otherwise is no difference and a broken layout is one, and compared
with those in KEPT; --keep writes them there instead. axe-core (its file is AXE) must find nothing
in any of them. The browser reaches no network.
"""
import json, pathlib, re, subprocess, sys, tempfile
from PIL import Image, ImageChops, ImageFilter, ImageStat

WIDTHS, MODES, TALL, SMALL = (600, 360), ("light", "dark"), 7000, 4
# Mean difference of two pictures, of 255; and how much taller one may be.
DIFFERENT, TALLER = 9.0, 1.06
chromium, axe, kept, letters = sys.argv[1:5]
keep = "--keep" in sys.argv


def browser(mode, page, *wanted, width=600):
    with tempfile.TemporaryDirectory() as profile:
        scheme = 1 if mode == "light" else 0
        command = [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
                   "--disable-background-networking", "--disable-component-update",
                   "--host-resolver-rules=MAP * ~NOTFOUND", "--allow-file-access-from-files",
                   f"--user-data-dir={profile}", f"--window-size={width},{TALL}",
                   f"--blink-settings=preferredColorScheme={scheme}", *wanted, page.as_uri()]
        return subprocess.run(command, capture_output=True, timeout=120, check=True).stdout


def picture(mode, page, width):
    with tempfile.TemporaryDirectory() as folder:
        shot = pathlib.Path(folder) / "shot.png"
        # Windows are never narrower than 500 pixels, so the narrow page is a frame of that width.
        frame = pathlib.Path(folder) / "frame.html"
        frame.write_text(f'<body style="margin:0"><iframe src="{page.as_uri()}" width="{width}" '
                         f'height="{TALL}" style="border:0;color-scheme:{mode}"></iframe>')
        browser(mode, frame, f"--screenshot={shot}", width=max(width, 500))
        image = Image.open(shot).convert("RGB").crop((0, 0, width, TALL))
    ground = Image.new("RGB", image.size, image.getpixel((width - 2, TALL - 2)))
    end = ImageChops.difference(image, ground).getbbox()[3]
    image = image.crop((0, 0, width, min(TALL, end + 24)))
    return image.resize((width // SMALL, image.height // SMALL), Image.Resampling.BOX)


def compare(name, found, faults):
    path = pathlib.Path(kept) / f"{name}.png"
    if keep:
        found.quantize(48).save(path, optimize=True)
        return
    if not path.exists():
        faults.append(f"{name}: there is no kept picture; look at it, then keep it (--keep)")
        return
    before = Image.open(path).convert("RGB")
    if max(before.height, found.height) > TALLER * min(before.height, found.height):
        faults.append(f"{name}: {found.height} pixels tall, kept were {before.height}")
    size = (found.width, min(before.height, found.height))
    blurred = [one.crop((0, 0, *size)).filter(ImageFilter.BoxBlur(6)) for one in (before, found)]
    mean = sum(ImageStat.Stat(ImageChops.difference(*blurred)).mean) / 3
    if mean > DIFFERENT:
        faults.append(f"{name}: differs from the kept picture by {mean:.1f} of 255")


def violations(mode, page, width):
    """What axe-core finds in the page at that width."""
    with tempfile.TemporaryDirectory() as folder:
        copy = pathlib.Path(folder) / "letter.html"
        run = ("<script>axe.run(document, {iframes: false}).then(r => { document.title = 'axe' + "
               "JSON.stringify(r.violations.map(v => [v.id, v.nodes.length, v.nodes[0].html])) + "
               "'axe' })</script>")
        html = page.read_text()
        script = f'<script src="{pathlib.Path(axe).resolve().as_uri()}"></script>{run}'
        copy.write_text(html.replace("</body>", f"{script}</body>"))
        dumped = browser(mode, copy, "--virtual-time-budget=20000", "--dump-dom", width=width)
    told = re.search("<title>axe(.*?)axe</title>", dumped.decode(), re.S)
    assert told, f"{page.name}: axe-core did not run"
    text = told[1].replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    return json.loads(text)


faults = []
pages = sorted(pathlib.Path(letters).glob("*.html"))
assert pages, "there are no letters"
for page in pages:
    for mode in MODES:
        for width in WIDTHS:
            name = f"{page.stem}-{width}-{mode}"
            compare(name, picture(mode, page.resolve(), width), faults)
            for rule, count, html in violations(mode, page.resolve(), width):
                faults.append(f"{name}: axe-core: {rule}, {count} times, first {html[:200]}")
print(f"{len(pages)} letters looked at in {len(WIDTHS) * len(MODES)} ways")
print("\n".join(faults))
sys.exit(bool(faults))
