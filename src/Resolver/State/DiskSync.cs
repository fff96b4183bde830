using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Fairlead.Resolver.State;

/// <summary>The two ways of making a write durable that the base library lacks on Linux: data without times, and a
/// folder's entries. Safe for concurrent use.</summary>
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
