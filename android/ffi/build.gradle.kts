// The generated layer and the native libraries: it keeps to no explicit API, and nobody but `android`
// uses it.
plugins {
    alias(libs.plugins.android.library)
    alias(libs.plugins.kotlin.android)
}

val bindings = providers.gradleProperty("dunlin.bindings").orElse("../../target/bindings/kotlin")
val libraries = providers.gradleProperty("dunlin.libraries").orElse("../../target/jniLibs")

android {
    namespace = "dev.dunlin.ffi"
    defaultConfig {
        consumerProguardFiles("consumer-rules.pro")
        ndk { abiFilters += listOf("arm64-v8a", "armeabi-v7a", "x86_64") }
    }
    sourceSets["main"].apply {
        kotlin.srcDir(bindings.get())
        jniLibs.srcDir(libraries.get())
    }
}

dependencies {
    implementation(libs.coroutines.core)
    // The AAR form has the libraries of Android; never both forms in one app.
    implementation(libs.jna) { artifact { type = "aar" } }
}
