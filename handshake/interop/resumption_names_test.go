package interop_test

import ()
