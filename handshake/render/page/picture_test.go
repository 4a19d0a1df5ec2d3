package page_test

import (
	"bytes"
	"cmp"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tlslab/handshake/internal/browsertest"
	"tlslab/handshake/narrate"
	"tlslab/handshake/render/rendertest"
)

// The picture of README.md is one of the page as it is: what is read in it stands beside it as
// text, and with -update both are made anew. How letters are drawn differs between machines, so
// no pixel is compared.
func TestPicture(t *testing.T) {
	const width, height = 1280, 1000
	tab := open(t, "tls13", narrate.En, "#c1.finished.verify_data")
	tab.Viewport(width, height)
	browsertest.Eval[bool](tab, `(document.activeElement.blur(), scrollTo(0, 0), true)`)
	seen := browsertest.Eval[string](tab, `[...document.querySelectorAll("h1, ol.top > li, details.row > summary, .row[open] .telling p, .selected")].filter(e => e.checkVisibility() && e.getBoundingClientRect().top < innerHeight).map(e => e.innerText.replace(/\s+/g, " ").trim()).join("\n")`)
	rendertest.Golden(t, "page.txt", []byte(seen+"\n"))

	file := filepath.Join("testdata", "page.png")
	if rendertest.Updating() {
		if err := os.WriteFile(file, paletted(t, tab.PNG()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	c, err := png.DecodeConfig(bytes.NewReader(b))
	if err != nil || c.Width != width || c.Height != height || len(b) > 200<<10 {
		t.Errorf("%v: %d × %d, %d bytes", err, c.Width, c.Height, len(b))
	}
	readme, err := os.ReadFile("../../../README.md")
	if err != nil || !strings.Contains(string(readme), "](handshake/render/page/testdata/page.png)") {
		t.Errorf("README.md does not show the picture (%v)", err)
	}
}

// paletted makes a picture small: 256 of its commonest colours, and for each other the nearest of them.
func paletted(t *testing.T, b []byte) []byte {
	m, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	rough := func(c color.RGBA) color.RGBA { return color.RGBA{c.R &^ 7, c.G &^ 7, c.B &^ 7, 255} }
	count := map[color.RGBA]int{}
	each := func(do func(x, y int, c color.RGBA)) {
		for y := m.Bounds().Min.Y; y < m.Bounds().Max.Y; y++ {
			for x := m.Bounds().Min.X; x < m.Bounds().Max.X; x++ {
				do(x, y, color.RGBAModel.Convert(m.At(x, y)).(color.RGBA))
			}
		}
	}
	each(func(_, _ int, c color.RGBA) { count[c]++ })
	var all []color.RGBA
	for c := range count {
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b color.RGBA) int {
		return cmp.Or(count[b]-count[a], int(a.R)-int(b.R), int(a.G)-int(b.G), int(a.B)-int(b.B))
	})
	var palette color.Palette
	has := map[color.RGBA]bool{} // of colours that are nearly one, the commonest
	for _, c := range all {
		if r := rough(c); !has[r] && len(palette) < 256 {
			palette, has[r] = append(palette, c), true
		}
	}
	out, index := image.NewPaletted(m.Bounds(), palette), map[color.RGBA]uint8{}
	each(func(x, y int, c color.RGBA) {
		i, known := index[c]
		if !known {
			i = uint8(palette.Index(c))
			index[c] = i
		}
		out.SetColorIndex(x, y, i)
	})
	var small bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&small, out); err != nil {
		t.Fatal(err)
	}
	return small.Bytes()
}
