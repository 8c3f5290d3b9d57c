/* nosync - takes every flush out of a program (LD_PRELOAD=nosync.so), to see what they cost. */
#include <unistd.h>

int fsync(int fd);
int fdatasync(int fd);
int syncfs(int fd);
int sync_file_range(int fd, long from, long len, unsigned int flags);

int fsync(int fd) { (void)fd; return 0; }
int fdatasync(int fd) { (void)fd; return 0; }
int syncfs(int fd) { (void)fd; return 0; }
int sync_file_range(int fd, long from, long len, unsigned int flags) { (void)fd, (void)from, (void)len, (void)flags; return 0; }
