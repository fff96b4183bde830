using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Text;

namespace Fairlead.Hosting;

/// <summary>Whether something can be written into a folder, or the folder be made, found out without doing it.
/// Stateless.</summary>
public static class WritableFolder
{
    private const int Here = -100; // AT_FDCWD
    private const int WriteAndEnter = 2 | 1; // W_OK | X_OK
    private const int AsThisProcess = 0x200; // AT_EACCESS

    /// <summary>Why not, for people; null where it can.</summary>
    /// <param name="folder">Its path; it need not be there.</param>
    public static string? Trouble(string folder)
    {
        var at = Path.GetFullPath(folder);
        while (!Directory.Exists(at))
        {
            if (File.Exists(at))
            {
                return $"{at} is a file";
            }

            at = Path.GetDirectoryName(at) ?? "/";
        }

        if (!OperatingSystem.IsLinux())
        {
            return null;
        }

        var result = Access(Here, Encoding.UTF8.GetBytes(at + '\0'), WriteAndEnter, AsThisProcess);
        return result < 0 ? $"{at}: {new Win32Exception(Marshal.GetLastPInvokeError()).Message}" : null;
    }

    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    [DllImport("libc", EntryPoint = "faccessat", SetLastError = true)]
    private static extern int Access(int folder, byte[] path, int mode, int flags);
}
