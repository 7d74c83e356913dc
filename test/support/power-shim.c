/*
 * Writes down what a process does to the files below one folder, and what it says to the network: LD_PRELOAD, Linux.
 *
 * ONCEWIRE_POWER_ROOT   the folder, without symbolic links
 * ONCEWIRE_POWER_TRACE  the file to append to; several processes may share one, and its order is the order of all
 *
 * What changes a file is written down after it was done and before the caller goes on; what leaves by a socket before it
 * is sent. So what was sent at some place in the trace can only lean on what stands in front of that place. A sync is two
 * events: it covers what stands in front of the first, and counts from the second on.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind {
  OPENED = 1, WROTE, TRUNCATED, RENAMED, UNLINKED, SYNC_BEGUN, SYNCED, SENT, UNSENT, UNSUPPORTED
};
enum { CREATED = 1, EMPTIED = 2, FOLDER = 4 };

struct header {
  uint32_t size, kind, pid, fd;
  uint64_t inode, value;
};

#define FDS 65536
/* Inodes of descriptors that were opened below the root. libuv closes by a bare system call: what stands here may be old. */
static uint64_t inodes[FDS];
static int trace = -1;
static char root[PATH_MAX];
static size_t rootLength;

#define REAL(name) ((__typeof__(&name))real(#name))
static void *real(const char *name) { return dlsym(RTLD_NEXT, name); }

__attribute__((constructor)) static void start(void) {
  const char *folder = getenv("ONCEWIRE_POWER_ROOT"), *file = getenv("ONCEWIRE_POWER_TRACE");
  if (folder == NULL || file == NULL) return;
  rootLength = strlen(folder);
  memcpy(root, folder, rootLength + 1);
  trace = (int)syscall(SYS_openat, AT_FDCWD, file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

/* One write, so that the records of all threads and processes stay whole. */
static void note(enum kind kind, int fd, uint64_t inode, uint64_t value, const struct iovec *parts, int count) {
  int before = errno;
  struct iovec all[IOV_MAX + 1];
  struct header header = {sizeof header, kind, (uint32_t)getpid(), (uint32_t)fd, inode, value};
  all[0] = (struct iovec){&header, sizeof header};
  for (int i = 0; i < count && i < IOV_MAX; i++) {
    all[i + 1] = parts[i];
    header.size += parts[i].iov_len;
  }
  if (trace >= 0 && syscall(SYS_writev, trace, all, count + 1) != (long)header.size) {
    static const char message[] = "power-shim: the trace could not be written\n";
    syscall(SYS_write, 2, message, sizeof message - 1);
    abort();
  }
  errno = before;
}

static void noteText(enum kind kind, int fd, uint64_t inode, uint64_t value, const char *text) {
  struct iovec part = {(void *)text, strlen(text)};
  note(kind, fd, inode, value, &part, 1);
}

/* The part of an absolute path below the root, or NULL. */
static const char *below(const char *path) {
  if (trace < 0 || strncmp(path, root, rootLength) != 0) return NULL;
  return path[rootLength] == '/' ? path + rootLength + 1 : path[rootLength] == '\0' ? "" : NULL;
}

/* The same for any path; its folder must exist. */
static const char *resolved(int at, const char *path, char *out) {
  char folder[PATH_MAX], absolute[PATH_MAX];
  if (trace < 0 || path == NULL || strlen(path) >= PATH_MAX - 2) return NULL;
  if (path[0] != '/' && at != AT_FDCWD) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", at);
    ssize_t length = readlink(link, folder, sizeof folder - 1);
    if (length < 0) return NULL;
    folder[length] = '\0';
    if ((size_t)snprintf(absolute, sizeof absolute, "%s/%s", folder, path) >= sizeof absolute) return NULL;
  } else
    strcpy(absolute, path);
  char *slash = strrchr(absolute, '/');
  const char *name = slash == NULL ? absolute : slash + 1;
  if (slash != NULL) *slash = '\0';
  if (realpath(slash == NULL ? "." : absolute[0] == '\0' ? "/" : absolute, folder) == NULL) return NULL;
  if ((size_t)snprintf(out, PATH_MAX, "%s/%s", folder, name) >= PATH_MAX) return NULL;
  return below(out);
}

static int opened(int fd, int flags, int existed) {
  if (trace < 0 || fd < 0 || fd >= FDS) return fd;
  int before = errno;
  char link[64], path[PATH_MAX];
  struct stat stat;
  inodes[fd] = 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length > 0) {
    path[length] = '\0';
    const char *name = below(path);
    if (name != NULL && fstat(fd, &stat) == 0) {
      int isNew = (flags & O_CREAT) != 0 && !existed;
      inodes[fd] = stat.st_ino;
      uint64_t how = (isNew ? CREATED : 0) | ((flags & O_TRUNC) != 0 ? EMPTIED : 0) | (S_ISDIR(stat.st_mode) ? FOLDER : 0);
      noteText(OPENED, fd, stat.st_ino, how, name);
    }
  }
  errno = before;
  return fd;
}

static int exists(int at, const char *path) {
  int before = errno;
  struct stat stat;
  int found = trace >= 0 && fstatat(at, path, &stat, 0) == 0;
  errno = before;
  return found;
}

#define OPEN(name)                                                                                                     \
  int name(const char *path, int flags, ...) {                                                                         \
    va_list rest;                                                                                                      \
    va_start(rest, flags);                                                                                             \
    mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(rest, mode_t) : 0;                                     \
    va_end(rest);                                                                                                      \
    int existed = exists(AT_FDCWD, path);                                                                              \
    return opened(REAL(name)(path, flags, mode), flags, existed);                                                      \
  }
OPEN(open)
OPEN(open64)

#define OPENAT(name)                                                                                                   \
  int name(int at, const char *path, int flags, ...) {                                                                 \
    va_list rest;                                                                                                      \
    va_start(rest, flags);                                                                                             \
    mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(rest, mode_t) : 0;                                     \
    va_end(rest);                                                                                                      \
    int existed = exists(at, path);                                                                                    \
    return opened(REAL(name)(at, path, flags, mode), flags, existed);                                                  \
  }
OPENAT(openat)
OPENAT(openat64)

int close(int fd) {
  if (fd == trace && trace >= 0) return 0;
  if (fd >= 0 && fd < FDS) inodes[fd] = 0;
  return REAL(close)(fd);
}

static int isFile(int fd) {
  struct stat stat;
  if (trace < 0 || fd < 0 || fd >= FDS || inodes[fd] == 0) return 0;
  int before = errno;
  int is = fstat(fd, &stat) == 0 && (S_ISREG(stat.st_mode) || S_ISDIR(stat.st_mode)) && stat.st_ino == inodes[fd];
  errno = before;
  return is;
}

/* The inode of a socket of the network, which no other has in its life; 0 of anything else. */
static uint64_t network(int fd) {
  struct sockaddr_storage address;
  struct stat stat;
  socklen_t length = sizeof address;
  int before = errno;
  int is = trace >= 0 && getsockname(fd, (struct sockaddr *)&address, &length) == 0 && fstat(fd, &stat) == 0 &&
           (address.ss_family == AF_INET || address.ss_family == AF_INET6);
  errno = before;
  return is ? stat.st_ino : 0;
}

static size_t lengthOf(const struct iovec *parts, int count) {
  size_t length = 0;
  for (int i = 0; i < count; i++) length += parts[i].iov_len;
  return length;
}

/* The parts that were written of those that were given. */
static void wrote(int fd, uint64_t offset, const struct iovec *parts, int count, ssize_t written) {
  struct iovec taken[IOV_MAX];
  int n = 0;
  if (written <= 0) return;
  for (size_t left = (size_t)written; left > 0 && n < count; n++) {
    taken[n] = parts[n];
    if (taken[n].iov_len > left) taken[n].iov_len = left;
    left -= taken[n].iov_len;
  }
  note(WROTE, fd, inodes[fd], offset, taken, n);
}

/* What the kernel did not take was not sent, and comes again. */
static ssize_t sent(uint64_t socket, size_t length, ssize_t taken) {
  size_t left = length - (taken < 0 ? 0 : (size_t)taken);
  if (left > 0) note(UNSENT, -1, socket, left, NULL, 0);
  return taken;
}

static void wroteHere(int fd, const struct iovec *parts, int count, ssize_t written) {
  int before = errno;
  if (written > 0) wrote(fd, (uint64_t)(lseek(fd, 0, SEEK_CUR) - written), parts, count, written);
  errno = before;
}

ssize_t write(int fd, const void *bytes, size_t length) {
  struct iovec part = {(void *)bytes, length};
  uint64_t socket = network(fd);
  if (socket != 0) {
    note(SENT, fd, socket, 0, &part, 1);
    return sent(socket, length, REAL(write)(fd, bytes, length));
  }
  ssize_t written = REAL(write)(fd, bytes, length);
  if (isFile(fd)) wroteHere(fd, &part, 1, written);
  return written;
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
  uint64_t socket = network(fd);
  if (socket != 0) {
    note(SENT, fd, socket, 0, parts, count);
    return sent(socket, lengthOf(parts, count), REAL(writev)(fd, parts, count));
  }
  ssize_t written = REAL(writev)(fd, parts, count);
  if (isFile(fd)) wroteHere(fd, parts, count, written);
  return written;
}

ssize_t send(int fd, const void *bytes, size_t length, int flags) {
  struct iovec part = {(void *)bytes, length};
  uint64_t socket = network(fd);
  if (socket == 0) return REAL(send)(fd, bytes, length, flags);
  note(SENT, fd, socket, 0, &part, 1);
  return sent(socket, length, REAL(send)(fd, bytes, length, flags));
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
  uint64_t socket = network(fd);
  if (socket == 0) return REAL(sendmsg)(fd, message, flags);
  note(SENT, fd, socket, 0, message->msg_iov, (int)message->msg_iovlen);
  return sent(socket, lengthOf(message->msg_iov, (int)message->msg_iovlen), REAL(sendmsg)(fd, message, flags));
}

#define PWRITE(name, off)                                                                                              \
  ssize_t name(int fd, const void *bytes, size_t length, off offset) {                                                 \
    struct iovec part = {(void *)bytes, length};                                                                       \
    ssize_t written = REAL(name)(fd, bytes, length, offset);                                                           \
    if (isFile(fd)) wrote(fd, (uint64_t)offset, &part, 1, written);                                                    \
    return written;                                                                                                    \
  }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

#define PWRITEV(name, off)                                                                                             \
  ssize_t name(int fd, const struct iovec *parts, int count, off offset) {                                             \
    ssize_t written = REAL(name)(fd, parts, count, offset);                                                            \
    if (isFile(fd)) wrote(fd, (uint64_t)offset, parts, count, written);                                                \
    return written;                                                                                                    \
  }
PWRITEV(pwritev, off_t)
PWRITEV(pwritev64, off64_t)

#define FTRUNCATE(name, off)                                                                                           \
  int name(int fd, off length) {                                                                                       \
    int result = REAL(name)(fd, length);                                                                               \
    if (result == 0 && isFile(fd)) note(TRUNCATED, fd, inodes[fd], (uint64_t)length, NULL, 0);                         \
    return result;                                                                                                     \
  }
FTRUNCATE(ftruncate, off_t)
FTRUNCATE(ftruncate64, off64_t)

static int synced(int fd, int (*sync)(int)) {
  if (!isFile(fd)) return sync(fd);
  uint64_t inode = inodes[fd];
  note(SYNC_BEGUN, fd, inode, 0, NULL, 0);
  int result = sync(fd);
  if (result == 0) note(SYNCED, fd, inode, 0, NULL, 0);
  return result;
}
int fsync(int fd) { return synced(fd, REAL(fsync)); }
int fdatasync(int fd) { return synced(fd, REAL(fdatasync)); }

static int moved(int result, const char *from, const char *to) {
  if (result != 0 || (from == NULL && to == NULL)) return result;
  if (from == NULL || to == NULL) {
    noteText(UNSUPPORTED, -1, 0, 0, "a rename over the border of the folder");
    return result;
  }
  struct iovec parts[] = {{(void *)from, strlen(from) + 1}, {(void *)to, strlen(to)}};
  note(RENAMED, -1, 0, 0, parts, 2);
  return result;
}

int rename(const char *from, const char *to) {
  char a[PATH_MAX], b[PATH_MAX];
  const char *source = resolved(AT_FDCWD, from, a), *target = resolved(AT_FDCWD, to, b);
  return moved(REAL(rename)(from, to), source, target);
}

int renameat(int atFrom, const char *from, int atTo, const char *to) {
  char a[PATH_MAX], b[PATH_MAX];
  const char *source = resolved(atFrom, from, a), *target = resolved(atTo, to, b);
  return moved(REAL(renameat)(atFrom, from, atTo, to), source, target);
}

static int gone(int result, const char *name) {
  if (result == 0 && name != NULL) noteText(UNLINKED, -1, 0, 0, name);
  return result;
}

int unlink(const char *path) {
  char out[PATH_MAX];
  const char *name = resolved(AT_FDCWD, path, out);
  return gone(REAL(unlink)(path), name);
}

int remove(const char *path) {
  char out[PATH_MAX];
  const char *name = resolved(AT_FDCWD, path, out);
  return gone(REAL(remove)(path), name);
}

int unlinkat(int at, const char *path, int flags) {
  char out[PATH_MAX];
  const char *name = resolved(at, path, out);
  return gone(REAL(unlinkat)(at, path, flags), name);
}

/* What is not written down would make the trace lie: it says so. */
static void refused(int fd, const char *what) {
  if (isFile(fd)) noteText(UNSUPPORTED, fd, inodes[fd], 0, what);
}

#define MAP(name, off)                                                                                                 \
  void *name(void *address, size_t length, int protection, int flags, int fd, off offset) {                            \
    if ((protection & PROT_WRITE) != 0 && (flags & MAP_SHARED) != 0) refused(fd, "a shared writable mapping");         \
    return REAL(name)(address, length, protection, flags, fd, offset);                                                 \
  }
MAP(mmap, off_t)
MAP(mmap64, off64_t)

#define ALLOCATE(name, off)                                                                                            \
  int name(int fd, off offset, off length) {                                                                           \
    refused(fd, #name);                                                                                                \
    return REAL(name)(fd, offset, length);                                                                             \
  }
ALLOCATE(posix_fallocate, off_t)
ALLOCATE(posix_fallocate64, off64_t)

int fallocate(int fd, int mode, off_t offset, off_t length) {
  refused(fd, "fallocate");
  return REAL(fallocate)(fd, mode, offset, length);
}

int truncate(const char *path, off_t length) {
  char out[PATH_MAX];
  if (resolved(AT_FDCWD, path, out) != NULL) noteText(UNSUPPORTED, -1, 0, 0, "truncate of a path");
  return REAL(truncate)(path, length);
}

int link(const char *from, const char *to) {
  char out[PATH_MAX];
  if (resolved(AT_FDCWD, to, out) != NULL) noteText(UNSUPPORTED, -1, 0, 0, "link");
  return REAL(link)(from, to);
}
