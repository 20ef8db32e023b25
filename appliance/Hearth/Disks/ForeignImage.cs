using System.Globalization;
using Hearth.Guests;
using Hearth.Storage;

namespace Hearth.Disks;

/// <summary>Images of other programs, which Debian's <c>qemu-img</c> can read.</summary>
internal static class ForeignImage
{
    /// <summary>Has <c>qemu-img</c> convert an image. The target appears when it is whole.</summary>
    /// <exception cref="UsageException">There is no qemu-img, or it failed; nothing is left behind.</exception>
    /// <exception cref="StorageException">The target cannot be made.</exception>
    public static void Convert(string source, string format, NewDisk target)
    {
        string program = HostCommand.Find("qemu-img")
            ?? throw new UsageException($"{source} is a {format} image, and reading that needs qemu-img: install it with `apt-get install qemu-utils`");
        DiskConversion.Receive(target.Path, unfinished =>
        {
            try
            {
                CommandResult result = HostCommand.Run(program, ["convert", "-f", format, "-O", DiskFormatNames.NameOf(target.Format), .. OptionsOf(target), source, unfinished]);
                if (result.ExitCode != 0)
                    throw new UsageException($"{source} cannot be converted: {result.LastWords.TrimEnd('.')}");
            }
            catch (GuestsException error)
            {
                throw new UsageException($"{source} cannot be converted: {error.Message.TrimEnd('.')}", error);
            }
        });
    }

    private static string[] OptionsOf(NewDisk target) => target.Format == DiskFormat.Raw
        ? []
        :
        [
            "-o",
            string.Create(
                CultureInfo.InvariantCulture,
                $"compat={(target.Version == 2 ? "0.10" : "1.1")},cluster_size={target.ClusterSize},refcount_bits={target.RefcountBits},lazy_refcounts={(target.LazyRefcounts ? "on" : "off")}"),
        ];
}
