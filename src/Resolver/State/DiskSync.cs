using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Fairlead.Resolver.State;

/// <summary>What the base library lacks on Linux: making a write durable as data without times, and as a folder's
/// entries; and opening a file without a lock. Safe for concurrent use.</summary>
public static class DiskSync
{
    private const int ReadOnlyCloseOnExec = 0x80000;

    /// <summary>Waits until the bytes of the file, and its length where it changed, are on the disk (fdatasync; cheaper
    /// than fsync by the write of the file's times). Elsewhere than on Linux a full flush.</summary>
    /// <exception cref="IOException">The disk refused; what it holds is unknown, and asking again would not tell.
    /// </exception>
    public static void SyncData(SafeFileHandle file)
    {
        ArgumentNullException.ThrowIfNull(file);
        if (!OperatingSystem.IsLinux())
        {
            RandomAccess.FlushToDisk(file);
            return;
        }

        var held = false;
        try
        {
            file.DangerousAddRef(ref held);
            Check(Native.DataSync((int)file.DangerousGetHandle()), "fdatasync");
        }
        finally
        {
            if (held)
            {
                file.DangerousRelease();
            }
        }
    }

    /// <summary>Waits until the names in the folder (files created, renamed, deleted) are on the disk. Does nothing on
    /// Windows, which has no such call.</summary>
    /// <exception cref="IOException">The folder cannot be opened, or the disk refused.</exception>
    public static void SyncFolder(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        // The base library refuses to open a folder.
        var descriptor = Native.Open(Encoding.UTF8.GetBytes(path + '\0'), ReadOnlyCloseOnExec);
        Check(descriptor, $"open {path}");
        try
        {
            Check(Native.Sync(descriptor), $"fsync {path}");
        }
        finally
        {
            _ = Native.Close(descriptor);
        }
    }

    /// <summary>Opens a file to be read and to be nobody's: the base library locks what it opens, so that whoever wants
    /// it for itself would fail for as long.</summary>
    /// <exception cref="IOException">It is not there, or cannot be read.</exception>
    public static SafeFileHandle OpenUnlocked(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (!OperatingSystem.IsLinux())
        {
            return File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        }

        var descriptor = Native.Open(Encoding.UTF8.GetBytes(path + '\0'), ReadOnlyCloseOnExec);
        Check(descriptor, $"open {path}");
        return new SafeFileHandle(descriptor, ownsHandle: true);
    }

    private static void Check(int result, string what)
    {
        if (result < 0)
        {
            var error = new Win32Exception(Marshal.GetLastPInvokeError());
            throw new IOException($"{what}: {error.Message}", error);
        }
    }

    private static class Native
    {
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        [DllImport("libc", EntryPoint = "open", SetLastError = true)]
        public static extern int Open(byte[] path, int flags);

        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        [DllImport("libc", EntryPoint = "fsync", SetLastError = true)]
        public static extern int Sync(int descriptor);

        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        [DllImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
        public static extern int DataSync(int descriptor);

        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        [DllImport("libc", EntryPoint = "close", SetLastError = true)]
        public static extern int Close(int descriptor);
    }
}
