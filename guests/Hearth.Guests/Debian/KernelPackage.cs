namespace Hearth.Guests.Debian;

/// <summary>A Debian kernel: its bzImage and its modules.</summary>
public sealed class KernelPackage
{
    /// <exception cref="GuestsException">The package is no kernel.</exception>
    public KernelPackage(DebianPackage package)
    {
        ArgumentNullException.ThrowIfNull(package);
        Package = package;
        string boot = Path.Combine(package.Directory, "boot");
        Image = Directory.Exists(boot)
            ? Directory.GetFiles(boot, "vmlinuz-*").Single()
            : throw new GuestsException($"{package.Name} is no kernel package");
        Release = Path.GetFileName(Image)["vmlinuz-".Length..];
        string modules = Path.Combine("lib/modules", Release);
        string full = Path.Combine(package.Directory, modules);
        ModuleDirectory = Directory.Exists(full) ? full : Path.Combine(package.Directory, "usr", modules);
    }

    public DebianPackage Package { get; }

    /// <summary>As <c>uname -r</c> says it.</summary>
    public string Release { get; }

    /// <summary>The path of the bzImage.</summary>
    public string Image { get; }

    /// <summary>What is <c>/lib/modules/RELEASE</c> in the guest.</summary>
    public string ModuleDirectory { get; }
}
