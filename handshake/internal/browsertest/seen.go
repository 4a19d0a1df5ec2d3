package browsertest

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// Shooting reports whether pictures are kept.
func Shooting() bool { return *shots != "" }

// Shot keeps a picture of what the window shows as name.png, if the flag -shots gives a
// directory.
func (tab *Tab) Shot(name string) {
	tab.t.Helper()
	if !Shooting() {
		return
	}
	tab.write(name+".png", tab.PNG())
}

// LongShot keeps a picture of the page from its beginning, as high as it is but for at most
// height pixels, if the flag -shots gives a directory.
func (tab *Tab) LongShot(name string, height float64) {
	tab.t.Helper()
	if !Shooting() {
		return
	}
	size := Eval[[]float64](tab, "[document.documentElement.clientWidth, document.documentElement.scrollHeight]")
	png := call(tab, page.CaptureScreenshot, page.CaptureScreenshotParams{
		CaptureBeyondViewport: new(true),
		Clip:                  &page.Viewport{Width: size[0], Height: min(size[1], height), Scale: 1},
	})
	tab.write(name+".png", png.Data)
}

// PNG is a picture of what the window shows.
func (tab *Tab) PNG() []byte {
	tab.t.Helper()
	b, err := chromedp.Run(tab.ctx, chromedp.CaptureScreenshot())
	tab.do(err)
	return b
}

// PDF is the page as it is printed, on A4.
func (tab *Tab) PDF() []byte {
	tab.t.Helper()
	b, err := chromedp.Run(tab.ctx, chromedp.PrintToPDF(chromedp.PDFPaper(chromedp.PaperA4)))
	tab.do(err)
	if Shooting() {
		tab.write("print.pdf", b)
	}
	return b
}

func (tab *Tab) write(name string, b []byte) {
	tab.t.Helper()
	tab.do(os.MkdirAll(*shots, 0o755))
	tab.do(os.WriteFile(filepath.Join(*shots, name), b, 0o644))
}

// A Node is what a screen reader is told of an element: what it is, and its name.
type Node struct {
	Role, Name string
	URL        string // of a link
	Focusable  bool
}

// Nodes are the elements that a screen reader is told of, in the page's order.
func (tab *Tab) Nodes() []Node {
	tab.t.Helper()
	call(tab, accessibility.Enable, cdp.Empty{})
	tree := call(tab, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{})
	var nodes []Node
	for _, n := range tree.Nodes {
		if n.Ignored {
			continue
		}
		node := Node{Role: tab.word(n.Role), Name: tab.word(n.Name)}
		for _, p := range n.Properties {
			switch p.Name {
			case accessibility.PropertyNameFocusable:
				node.Focusable = string(p.Value.Value) == "true"
			case accessibility.PropertyNameURL:
				node.URL = tab.word(p.Value)
			}
		}
		nodes = append(nodes, node)
	}
	return nodes
}

// controls are the roles of what can be worked.
var controls = []string{"button", "link", "DisclosureTriangle", "treeitem", "radio", "checkbox", "textbox", "combobox", "spinbutton", "switch"}

// Names are what is wrong with the names of what can be worked: two controls of one name, or one
// without any; and how many there are. Links to one place, such as a section of an RFC, are one
// thing.
func (tab *Tab) Names() (wrong []string, controlled int) {
	tab.t.Helper()
	named := map[string]int{}
	links := map[Node]bool{}
	for _, n := range tab.Nodes() {
		if !slices.Contains(controls, n.Role) || links[n] {
			continue
		}
		links[n] = n.URL != ""
		if named[n.Role+" "+n.Name]++; named[n.Role+" "+n.Name] == 2 {
			wrong = append(wrong, fmt.Sprintf("several controls are %s %q", n.Role, n.Name))
		}
		if strings.TrimSpace(n.Name) == "" {
			wrong = append(wrong, "a "+n.Role+" has no name")
		}
	}
	return wrong, len(named)
}

func (tab *Tab) word(v *accessibility.Value) (s string) {
	tab.t.Helper()
	if v != nil && len(v.Value) > 0 {
		tab.do(json.Unmarshal(v.Value, &s))
	}
	return s
}
