using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace Hearth.Linux.Jail;

/// <summary>
/// Which process is meant, for as long as the host is up: a number alone is given to another process some time after the first has ended.
/// </summary>
/// <param name="Id">The process id.</param>
/// <param name="StartTime">When it was started, in clock ticks since the host was (proc_pid_stat(5), field 22).</param>
public readonly record struct ProcessIdentity(int Id, ulong StartTime)
{
    /// <summary>The identity of what runs under a number now.</summary>
    /// <returns>False when nothing does.</returns>
    public static bool TryFind(int id, out ProcessIdentity identity)
    {
        identity = default;
        try
        {
            using FileDescriptor file = FileDescriptor.Open(string.Create(CultureInfo.InvariantCulture, $"/proc/{id}/stat"), FileAccessMode.Read);
            Span<byte> text = stackalloc byte[1024];
            return TryReadStartTime(Encoding.UTF8.GetString(text[..file.Read(text)]), out ulong startTime) && (identity = new(id, startTime)) != default;
        }
        catch (LinuxException)
        {
            return false;
        }
    }

    /// <summary>Reads what <see cref="ToString"/> gave.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out ProcessIdentity identity)
    {
        identity = default;
        if (text?.Split('@') is not [var id, var time]
            || !int.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out int number)
            || !ulong.TryParse(time, NumberStyles.None, CultureInfo.InvariantCulture, out ulong startTime))
        {
            return false;
        }

        identity = new ProcessIdentity(number, startTime);
        return true;
    }

    /// <summary><c>1234@56789</c>, to be kept where a restarted supervisor finds it.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Id}@{StartTime}");

    /// <summary>The second field is the program's name in parentheses, which may have spaces and parentheses of its own.</summary>
    internal static bool TryReadStartTime(string stat, out ulong startTime)
    {
        const int FieldsBetween = 19; // from field 3, the first behind the name, to field 22
        startTime = 0;
        string[] fields = stat[(stat.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return fields.Length > FieldsBetween && ulong.TryParse(fields[FieldsBetween], NumberStyles.None, CultureInfo.InvariantCulture, out startTime);
    }
}
