using System.Runtime.InteropServices;

namespace Fairlead.Rpc;

/// <summary>What Linux is told about memory. Stateless.</summary>
internal static class PageMemory
{
    // Linux, madvise(2): the pages are given back and read as zeros until they are written again.
    private const int DontNeed = 4;

    /// <summary>Gives whole pages of a pool back. Nothing happens where the system's pages are larger: a length is
    /// rounded up to them, and what lies behind would be lost with it.</summary>
    public static void Release(nint address, int bytes)
    {
        if (Environment.SystemPageSize <= PagePool.PageBytes)
        {
            _ = Advise(address, (nuint)bytes, DontNeed);
        }
    }

    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    [DllImport("libc", EntryPoint = "madvise")]
    private static extern int Advise(nint address, nuint length, int advice);
}
