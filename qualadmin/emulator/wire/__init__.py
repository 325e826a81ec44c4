"""What happens to a call before any rule of Mechanical Turk is asked: Amazon's JSON protocol and its checks."""
