package proxy_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"tlslab/handshake/mitm/proxy"
	"tlslab/handshake/mitm/relay"
)

// readerFunc is a function that reads.
type readerFunc func(p []byte) (int, error)

func (r readerFunc) Read(p []byte) (int, error) { return r(p) }

// places are where a hook has its own code run: do is called once, in one of them, for the request
// whose path is /bad.
func places(do func()) map[string]proxy.Hook {
	bad := func(target string) bool { return strings.HasSuffix(target, "/bad") }
	request := func(f func(r *proxy.HeldRequest)) proxy.Hook {
		return proxy.Hook{Name: "mine", Request: func(r *proxy.HeldRequest) {
			if bad(r.Target()) {
				f(r)
			}
		}}
	}
	reply := func(f func(r *proxy.HeldReply)) proxy.Hook {
		return proxy.Hook{Name: "mine", Reply: func(r *proxy.HeldReply) {
			if bad(r.Request().Target) {
				f(r)
			}
		}}
	}
	reads := readerFunc(func([]byte) (int, error) { do(); return 0, io.EOF })
	return map[string]proxy.Hook{
		"a request":               request(func(*proxy.HeldRequest) { do() }),
		"a reply":                 reply(func(*proxy.HeldReply) { do() }),
		"a request's body":        request(func(r *proxy.HeldRequest) { r.Body(func(io.Reader) io.Reader { do(); return nil }) }),
		"a request's reader":      request(func(r *proxy.HeldRequest) { r.Body(func(io.Reader) io.Reader { return reads }) }),
		"a reply's reader":        reply(func(r *proxy.HeldReply) { r.Body(func(in io.Reader) io.Reader { return io.MultiReader(in, reads) }) }),
		"a reader that it closes": reply(func(r *proxy.HeldReply) { r.Body(func(in io.Reader) io.Reader { return closing{in, do} }) }),
		"a reply's trailers": reply(func(r *proxy.HeldReply) {
			r.Trailers(func(fs []relay.Field) []relay.Field { do(); return fs })
		}),
		"an answer's reader": request(func(r *proxy.HeldRequest) { r.Answer(200, nil, io.MultiReader(strings.NewReader("begun"), reads)) }),
	}
}

// closing does something when it is closed.
type closing struct {
	io.Reader
	do func()
}

func (c closing) Close() error { c.do(); return nil }

// theBad is the entry of the request for /bad.
func theBad(all []*proxy.Entry) *proxy.Entry {
	for _, e := range all {
		if e.Path == "/bad" {
			return e
		}
	}
	return nil
}

// breakable has a client's connections be reset when leave is called: a goodbye could be only half of
// one, from a client that still reads.
func breakable(c *http.Client) (leave func()) {
	var mu sync.Mutex
	var conns []*net.TCPConn
	c.Transport.(*http.Transport).DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, addr)
		if err == nil {
			mu.Lock()
			defer mu.Unlock()
			conns = append(conns, conn.(*net.TCPConn))
		}
		return conn, err
	}
	return func() {
		mu.Lock()
		defer mu.Unlock()
		for _, conn := range conns {
			_ = conn.SetLinger(0) // of a socket
			_ = conn.Close()
		}
	}
}

// post asks for a path, and says how it ended.
func post(c *http.Client, url string) error {
	resp, err := c.Post(url, "text/plain", strings.NewReader("body"))
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if _, err = io.Copy(io.Discard, resp.Body); err == nil && resp.StatusCode != http.StatusOK {
		err = errors.New(resp.Status)
	}
	return err
}

// fewer waits until there are no more goroutines than before.
func fewer(t *testing.T, before int) {
	t.Helper()
	for end := time.Now().Add(patience); runtime.NumGoroutine() > before; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			b := make([]byte, 1<<20)
			t.Fatalf("%d goroutines, and there were %d\n%s", runtime.NumGoroutine(), before, b[:runtime.Stack(b, true)])
		}
	}
}

// TestHookStuck: a hook that looks at nothing and never returns has its own exchange wait, and no
// other; when the client leaves, the entry is told and the connection's place is free.
func TestHookStuck(t *testing.T) {
	for name := range places(nil) {
		t.Run(name, func(t *testing.T) {
			before := runtime.NumGoroutine()
			var stuck, release chan bool
			hook := places(func() { stuck <- true; <-release })[name]
			everyWay(t, echoed, []proxy.Hook{hook}, func(t *testing.T, u *underTest, c *http.Client, base string) {
				stuck, release = make(chan bool), make(chan bool)
				defer close(release)
				other := u.client(nil)
				leave := breakable(c)
				left := make(chan error, 1)
				go func() { left <- post(c, base+"/bad") }()
				<-stuck
				get(t, other, base+"/good")
				leave()
				if err := <-left; err == nil {
					t.Error("the client had its answer")
				}
				c.CloseIdleConnections()
				if e := u.AwaitAny(t, "of the one that is stuck", theBad); e.Fault == nil {
					t.Error("and the entry knows of no fault")
				}
				other.CloseIdleConnections()
				for range 2 { // places for two, of which none is the stuck one's
					one := u.client(nil)
					defer one.CloseIdleConnections()
					for end := time.Now().Add(patience); post(one, base+"/good") != nil; time.Sleep(5 * time.Millisecond) {
						if time.Now().After(end) {
							t.Fatal("its place is not free")
						}
					}
				}
			}, func(o *proxy.Options) { o.Limits.Connections = 2 })
			fewer(t, before)
		})
	}
}

// echoed answers with what it is sent.
func echoed(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) }

// TestHookPanics: wherever a hook panics, or ends its goroutine, it is blamed for its exchange, and
// nothing else comes of it.
func TestHookPanics(t *testing.T) {
	for how, do := range map[string]func(){"panics": func() { panic("mine") }, "ends its goroutine": runtime.Goexit} {
		for name, hook := range places(do) {
			t.Run(name+" "+how, func(t *testing.T) {
				before := runtime.NumGoroutine()
				everyWay(t, echoed, []proxy.Hook{hook}, func(t *testing.T, u *underTest, c *http.Client, base string) {
					other := u.client(nil)
					get(t, other, base+"/good")
					if err := post(c, base+"/bad"); err == nil && name != "a reader that it closes" { // behind all that the client reads
						t.Error("the client had its answer")
					}
					e := u.AwaitAny(t, "of the bad one", theBad)
					faulty(t, e, proxy.Request, proxy.SideProxy, proxy.SideProxy, proxy.CauseHook)
					if bad := (*proxy.HookError)(nil); !errors.As(e.Fault, &bad) || bad.Hook != "mine" || bad.Panic == nil {
						t.Error(e.Fault)
					}
					get(t, other, base+"/good")
					c.CloseIdleConnections()
					other.CloseIdleConnections()
				})
				fewer(t, before)
			})
		}
	}
}

// TestHookLate: what is held counts as silence, so that Limits.Idle ends it; the hook's Context says
// so, and what a hook says after that changes nothing, in the entry neither.
func TestHookLate(t *testing.T) {
	var begun, ended, release, over chan bool
	hook := proxy.Hook{Request: func(r *proxy.HeldRequest) {
		begun <- true
		<-r.Context().Done()
		ended <- true
		<-release
		r.Set("Late", "1")
		r.Body(func(in io.Reader) io.Reader { over <- false; return in })
		r.Answer(http.StatusOK, nil, readerFunc(func([]byte) (int, error) { over <- false; return 0, io.EOF }))
		over <- true
	}}
	before := runtime.NumGoroutine()
	everyWay(t, echoed, []proxy.Hook{hook}, func(t *testing.T, u *underTest, c *http.Client, base string) {
		begun, ended, release, over = make(chan bool, 1), make(chan bool, 1), make(chan bool), make(chan bool, 4)
		for len(begun) == 0 { // a slow machine may take longer to come so far
			if err := post(c, base+"/bad"); err == nil {
				t.Error("the client had its answer")
			}
		}
		<-ended
		e := u.AwaitAny(t, "of the one that is held", theBad)
		if e.Fault == nil || e.Fault.Cause != proxy.CauseIdle {
			t.Errorf("%v", e.Fault)
		}
		n := len(u.Entries())
		close(release)
		if !<-over {
			t.Error("what came too late was asked for")
		}
		if err := u.Close(); err != nil {
			t.Error(err)
		}
		if len(over) > 0 || len(e.Changes) > 0 || len(u.Entries()) != n {
			t.Errorf("%d, %v, %d entries, and there were %d", len(over), e.Changes, len(u.Entries()), n)
		}
	}, func(o *proxy.Options) { o.Limits.Idle = 200 * time.Millisecond })
	fewer(t, before)
}

// TestHookAnswerDropped: the body of an answer that nobody gets is closed, once, and whoever closes it
// may take its time: no other exchange waits for that.
func TestHookAnswerDropped(t *testing.T) {
	for name, answer := range map[string]func(r *proxy.HeldRequest, begun chan bool, body io.Reader){
		"the client leaves": func(r *proxy.HeldRequest, begun chan bool, body io.Reader) {
			begun <- true
			<-r.Context().Done()
			r.Answer(http.StatusOK, nil, body)
		},
		"no status": func(r *proxy.HeldRequest, _ chan bool, body io.Reader) { r.Answer(99, nil, body) },
		"the hook panics": func(r *proxy.HeldRequest, _ chan bool, body io.Reader) {
			r.Answer(http.StatusOK, nil, body)
			panic("mine")
		},
		"the hook ends its goroutine": func(r *proxy.HeldRequest, _ chan bool, body io.Reader) {
			r.Answer(http.StatusOK, nil, body)
			runtime.Goexit()
		},
	} {
		t.Run(name, func(t *testing.T) {
			var begun, closed, release chan bool
			hook := proxy.Hook{Request: func(r *proxy.HeldRequest) {
				if strings.HasSuffix(r.Target(), "/bad") {
					answer(r, begun, closing{strings.NewReader("mine"), func() { closed <- true; <-release }})
				}
			}}
			everyWay(t, echoed, []proxy.Hook{hook}, func(t *testing.T, u *underTest, c *http.Client, base string) {
				begun, closed, release = make(chan bool), make(chan bool, 2), make(chan bool)
				free := sync.OnceFunc(func() { close(release) })
				defer free()
				leave := breakable(c)
				over := make(chan error, 1)
				go func() { over <- post(c, base+"/bad") }()
				if name == "the client leaves" {
					<-begun
					leave()
					over <- <-over // else the next request may yet be put on the connection that is cut
				}
				select {
				case <-closed:
				case <-time.After(patience):
					t.Fatal("the answer's body is not closed")
				}
				get(t, c, base+"/good")
				free()
				if err := <-over; err == nil {
					t.Error("the client had its answer")
				}
				c.CloseIdleConnections()
				if err := u.Close(); err != nil {
					t.Error(err)
				}
				if len(closed) > 0 {
					t.Error("the answer's body was closed twice")
				}
			})
		})
	}
}

// TestHookReadsOn: a hook may go on reading a body on a goroutine of its own when what it made of it is at
// its end, and gets no answer but that the exchange is over. (The race detector sees whether the proxy
// minds that: the reads are of nothing, so that no lock that they wait for puts them in order.)
func TestHookReadsOn(t *testing.T) {
	var read chan error
	hook := proxy.Hook{Name: "mine", Reply: func(r *proxy.HeldReply) {
		r.Body(func(in io.Reader) io.Reader {
			go func() {
				_, err := in.Read(nil)
				for r.Context().Err() == nil && err == nil {
					_, err = in.Read(nil)
				}
				if err == nil {
					_, err = io.Copy(io.Discard, in)
				}
				read <- err
			}()
			return strings.NewReader("")
		})
	}}
	everyWay(t, echoed, []proxy.Hook{hook}, func(t *testing.T, u *underTest, c *http.Client, base string) {
		read = make(chan error, 1)
		if err := post(c, base+"/"); err != nil {
			t.Error(err)
		}
		c.CloseIdleConnections()
		if e := u.total(t, 1)[0]; len(e.Changes) > 0 {
			t.Errorf("%v, and of what came nothing was read", e.Changes)
		}
		if err := <-read; err == nil {
			t.Error("the body had an end after the exchange")
		}
	})
}

// TestHookLateBesideAnother: what a hook says when it has returned changes nothing, and is nobody else's
// fault, also while the hook behind it has the message.
func TestHookLateBesideAnother(t *testing.T) {
	type asked interface {
		Set(name, value string)
		Get(name string) string
		Del(name string)
		Body(func(io.Reader) io.Reader)
	}
	late := func(m asked, other func()) {
		m.Set("Late", "1")
		m.Set("Bad name", "1")
		m.Del("First")
		m.Body(func(io.Reader) io.Reader { return strings.NewReader("late") })
		other()
		if m.Get("First") != "1" || m.Get("Late") != "" || m.Get("Second") != "" {
			t.Errorf("it has %q, %q, %q", m.Get("First"), m.Get("Late"), m.Get("Second"))
		}
	}
	var request, reply chan func()
	hooks := []proxy.Hook{{Name: "one", Request: func(r *proxy.HeldRequest) {
		r.Set("First", "1")
		request <- func() {
			late(r, func() { r.SetTarget("/late"); r.SetMethod("PUT"); r.Answer(http.StatusTeapot, nil, nil) })
		}
	}, Reply: func(r *proxy.HeldReply) {
		r.Set("First", "1")
		reply <- func() { late(r, func() { r.SetStatus(http.StatusTeapot, "") }) }
	}}, {Name: "two", Request: func(r *proxy.HeldRequest) {
		r.Set("Second", r.Get("First"))
		(<-request)()
	}, Reply: func(r *proxy.HeldReply) {
		r.Set("Second", r.Get("First"))
		(<-reply)()
	}}}
	origin := func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || r.URL.Path != "/" || r.Header.Get("First") != "1" || r.Header.Get("Second") != "1" || r.Header.Get("Late") != "" {
			t.Errorf("the server saw %s %s %v", r.Method, r.URL, r.Header)
		}
		echoed(w, r)
	}
	everyWay(t, origin, hooks, func(t *testing.T, u *underTest, c *http.Client, base string) {
		request, reply = make(chan func(), 1), make(chan func(), 1)
		resp, err := c.Post(base+"/", "text/plain", strings.NewReader("body"))
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if h := resp.Header; err != nil || resp.StatusCode != http.StatusOK || string(b) != "body" || h.Get("First") != "1" || h.Get("Second") != "1" || h.Get("Late") != "" {
			t.Errorf("%s %v %q, %v", resp.Status, h, b, err)
		}
		c.CloseIdleConnections()
		e := u.total(t, 1)[0]
		sound(t, e)
		if got := fmt.Sprint(e.Changes); got != "[{one client field_set First} {two client field_set Second} {one server field_set First} {two server field_set Second}]" {
			t.Error(got)
		}
	})
}
