package browsertest

import (
	"context"
	"errors"
	"flag"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

var shots = flag.String("shots", "", "a directory for what the tests of pages see, as PNG files; without it no picture is kept")

// patience is how long a tab may take for one test, the opening of its page included. It
// ends a test that hangs; no test passes or fails by how long something took.
const patience = 2 * time.Minute

// Rebound is a name of somebody else's that leads to this machine, as by DNS rebinding.
const Rebound = "rebound.example"

// Main runs the tests of a package and then ends the browser, if one was started: for
// TestMain.
func Main(m *testing.M) int {
	defer func() { end() }() // what end is by then
	return m.Run()
}

// The browser is started by the first test that opens a page, so that a run of other tests
// does without.
var (
	browser = sync.OnceValues(start)
	end     = func() {}
)

var errMissing = errors.New("chromium is not installed: apt-get install chromium")

// start starts the browser; the context that it returns is a tab that nobody uses: each
// test's tab is made from it.
func start() (context.Context, error) {
	var file string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if f, err := exec.LookPath(name); err == nil {
			file = f
			break
		}
	}
	if file == "" {
		return nil, errMissing
	}
	home, err := os.MkdirTemp("", "browsertest")
	if err != nil {
		return nil, err
	}
	options := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(file), chromedp.UserDataDir(home), chromedp.Env("HOME=" + home),
		chromedp.Headless, chromedp.DisableGPU, chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck,
		// Nothing may go out, whatever a page asks for. That it asked is reported all the same.
		chromedp.Flag("host-resolver-rules", "MAP "+Rebound+" 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"),
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true), chromedp.Flag("disable-quic", true), chromedp.Flag("disable-extensions", true),
		chromedp.Flag("disable-dev-shm-usage", true), // a container's /dev/shm may be too small
		// A tab in the background is a tab under test.
		chromedp.Flag("disable-background-timer-throttling", true), chromedp.Flag("disable-renderer-backgrounding", true),
		chromedp.Flag("disable-backgrounding-occluded-windows", true),
		// Pictures are the same wherever they are made.
		chromedp.Flag("force-color-profile", "srgb"), chromedp.Flag("hide-scrollbars", true),
	}
	if os.Getuid() == 0 {
		options = append(options, chromedp.NoSandbox) // its sandbox does not start as root
	}
	alloc, stop := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, _ := chromedp.NewContext(alloc)
	end = func() {
		_ = chromedp.Cancel(ctx) // it closes; a kill could leave processes of its own behind
		stop()
		_ = os.RemoveAll(home)
	}
	return ctx, chromedp.Do(ctx)
}

// chromium is the browser. Where none is installed the test is skipped, or fails where CI is
// true.
func chromium(t testing.TB) context.Context {
	t.Helper()
	ctx, err := browser()
	switch {
	case errors.Is(err, errMissing) && os.Getenv("CI") != "true":
		t.Skip(err)
	case err != nil:
		t.Fatal(err)
	}
	return ctx
}
