using System.Diagnostics;

namespace Fairlead.TestKit.Processes;

/// <summary>
/// A Python that has grpcio: <c>$PYTHON</c>, <c>python3</c> or <c>/usr/bin/python3</c>, the first that has it.
/// </summary>
public static class PythonGrpc
{
    private static readonly Lazy<string?> Found = new(Find);

    /// <summary>Its path or name; null where there is none.</summary>
    public static string? Program => Found.Value;

    private static string? Find()
    {
        string?[] candidates = [Environment.GetEnvironmentVariable("PYTHON"), "python3", "/usr/bin/python3"];
        return candidates.FirstOrDefault(candidate => !string.IsNullOrEmpty(candidate) && HasGrpc(candidate));
    }

    private static bool HasGrpc(string program)
    {
        try
        {
            var info = new ProcessStartInfo(program, ["-c", "import grpc"]) { RedirectStandardError = true };
            using var process = Children.Start(info);
            process.StandardError.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}
