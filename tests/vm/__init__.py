"""`./run test-vm FILE.deb`: the package in a virtual machine, with a kernel, an init, an X server and a camera driver."""
