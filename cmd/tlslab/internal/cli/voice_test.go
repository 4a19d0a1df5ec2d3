package cli

import "testing"

// A text in Chinese has a space beside an address, and none beside a word of its own.
func TestCloseUp(t *testing.T) {
	for _, test := range []struct{ text, peer, want string }{
		{"{peer} 拒绝了", "客户端", "{peer}拒绝了"},
		{"{peer} 拒绝了", "127.0.0.1:443", "{peer} 拒绝了"},
		{"来自 {peer}：", "服务器", "来自{peer}："},
		{"文件 {file} 打不开", "我的 文件.pem", "文件 {file} 打不开"},
		{"{peer} TLS", "客户端", "{peer} TLS"},
		{"{peer} refused", "the client", "{peer} refused"},
	} {
		if got := closeUp(test.text, map[string]string{"peer": test.peer, "file": test.peer}); got != test.want {
			t.Errorf("%q with %q: %q, want %q", test.text, test.peer, got, test.want)
		}
	}
}
